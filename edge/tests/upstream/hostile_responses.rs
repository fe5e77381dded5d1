//! A thousand random ranges on every kind of hostile upstream: no wrong byte, no hang, and an error
//! that a client understands.

use edge::{
    http::ByteRange,
    memory::{MemoryStream, OutboundRequest, ScriptedResponse, StreamEnd},
};

use crate::fixture::{
    Dice, ETAG, SIZE, UpstreamFixture, canned, content, good, right, sent, text, vault,
};

/// Requests a thousand ranges; returns how many came whole.
fn thousand(
    provider: &str,
    play: impl Fn(&OutboundRequest) -> ScriptedResponse + 'static,
) -> usize {
    let fixture = UpstreamFixture::new(provider);
    fixture.memory.outbound.serve_with(play);
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut complete = 0;
    for n in 0..1000 {
        if n % 100 == 99 {
            fixture.purge_blocks();
        }
        let start = dice.below(SIZE);
        let length = if dice.below(8) == 0 { 200_000 } else { 2_000 };
        let end = (start + 1 + dice.below(length)).min(SIZE);
        let answer = fixture.range(start, end);
        match answer.status {
            206 => {
                let came = right(&answer, start);
                assert!(came <= end);
                complete += usize::from(came == end);
            }
            502 | 503 => {
                assert!(answer.header("retry-after").parse::<u64>().is_ok());
                assert!(text(&answer).contains("upstream_"), "{}", text(&answer));
            }
            410 => assert!(text(&answer).contains("source_gone"), "{}", text(&answer)),
            status => panic!("status {status}: {}", text(&answer)),
        }
        // Viewers are not machines: a second or so goes by.
        fixture.memory.clock.0.set(fixture.memory.clock.0.get() + dice.below(2_000));
    }
    complete
}

/// The same answer, with something done to it.
fn changed(
    request: &OutboundRequest,
    change: impl Fn(&mut u16, &mut Vec<(&'static str, String)>, &mut MemoryStream),
) -> ScriptedResponse {
    match vault(request) {
        ScriptedResponse::Response(mut status, mut headers, mut stream)
            if request.range.is_some() =>
        {
            change(&mut status, &mut headers, &mut stream);
            ScriptedResponse::Response(status, headers, stream)
        }
        other @ (ScriptedResponse::ConnectionRefused
        | ScriptedResponse::NoResponse
        | ScriptedResponse::Response(..)) => other,
    }
}

fn set(headers: &mut Vec<(&'static str, String)>, name: &'static str, value: &str) {
    headers.retain(|(known, _)| *known != name);
    if !value.is_empty() {
        headers.push((name, value.to_owned()));
    }
}

#[test]
fn healthy_upstream_answers_every_range() {
    assert_eq!(thousand("one", good), 1000);
    assert_eq!(thousand("vault", vault), 1000);
}

#[test]
fn whole_file_for_every_range_is_cut_to_the_range() {
    let whole = |request: &OutboundRequest| {
        changed(request, |status, headers, stream| {
            *status = 200;
            set(headers, "content-range", "");
            set(headers, "content-length", &SIZE.to_string());
            // Only as much is made as anybody may read.
            let end = request.range.unwrap().end + 1000;
            *stream = MemoryStream {
                bytes: content(ByteRange { start: 0, end: end.min(SIZE) }),
                ending: StreamEnd::Stalled,
                byte_ms: 0,
            };
        })
    };
    let fixture = UpstreamFixture::new("one");
    fixture.memory.outbound.serve_with(whole);
    let mut dice = Dice(7);
    for _ in 0..1000 {
        let start = dice.below(16) * 1024 * 64;
        let end = start + 1 + dice.below(1000);
        assert_eq!(right(&fixture.range(start, end), start), end);
    }
    for start in [4_000_000, 12_000_000] {
        assert_eq!(right(&fixture.range(start, start + 10), start), start + 10);
    }
}

#[test]
fn wrong_content_range_is_never_passed_on() {
    for wrong in [
        "bytes 0-9/100",
        "bytes 1-10/16789561",
        "bytes */16789561",
        "bytes 0-9",
        "bytes 5-1/16789561",
        "items 0-9/16789561",
        "",
        "x",
    ] {
        let lie = move |request: &OutboundRequest| {
            changed(request, |_, headers, _| set(headers, "content-range", wrong))
        };
        assert!(thousand("one", lie) < 900, "only stored blocks come: {wrong}");
    }
}

#[test]
fn range_shifted_by_one_byte_is_never_passed_on() {
    let beside = |request: &OutboundRequest| {
        let range = request.range.unwrap();
        let start = if range.start == 0 { 1 } else { range.start - 1 };
        sent(ByteRange { start, end: range.end }, ETAG)
    };
    thousand("one", beside);
}

#[test]
fn wrong_content_length_is_never_passed_on() {
    thousand("one", |request| {
        changed(request, |_, _, stream| stream.bytes.truncate(stream.bytes.len() / 2))
    });
    thousand("one", |request| changed(request, |_, _, stream| stream.bytes.clear()));
    let long = |request: &OutboundRequest| {
        changed(request, |_, _, stream| stream.bytes.extend([0xee; 1000]))
    };
    assert!(thousand("one", long) > 980, "no byte too many counts");
    thousand("one", |request| {
        changed(request, |_, headers, _| set(headers, "content-length", "17"))
    });
    thousand("one", |request| {
        changed(request, |_, headers, _| set(headers, "content-length", "1, 1"))
    });
}

#[test]
fn body_without_content_length_is_checked_against_its_range() {
    let none = |request: &OutboundRequest| {
        changed(request, |_, headers, _| set(headers, "content-length", ""))
    };
    assert!(thousand("one", none) > 980);
    let short = |request: &OutboundRequest| {
        changed(request, |_, headers, stream| {
            set(headers, "content-length", "");
            stream.bytes.truncate(stream.bytes.len() - stream.bytes.len() / 8);
        })
    };
    assert!(thousand("one", short) > 900, "a cut is seen, and mended");
}

#[test]
fn replaced_file_is_never_mixed_with_the_old_one() {
    for etag in ["\"v2\"", "W/\"v1\"", ""] {
        let other = move |request: &OutboundRequest| {
            changed(request, |_, headers, stream| {
                if request.number > 200 {
                    set(headers, "etag", etag);
                    stream.bytes.iter_mut().for_each(|byte| *byte = !*byte);
                }
            })
        };
        thousand("one", other);
    }
    // The same tag on a file of another size.
    thousand("one", |request| {
        changed(request, |_, headers, _| {
            let range = request.range.unwrap();
            let said = format!("bytes {}-{}/{}", range.start, range.end - 1, SIZE + 1);
            set(headers, "content-range", &said);
        })
    });
}

#[test]
fn broken_connections_pass_no_wrong_byte() {
    thousand("one", |request| {
        changed(request, |_, _, stream| {
            stream.bytes.truncate(stream.bytes.len() * (request.number % 4) / 4);
            stream.ending = StreamEnd::Reset;
        })
    });
    thousand("one", |request| {
        if request.number % 3 == 0 { good(request) } else { ScriptedResponse::ConnectionRefused }
    });
}

#[test]
fn silent_upstream_times_out() {
    thousand("one", |_| ScriptedResponse::NoResponse);
    thousand("one", |request| {
        if request.number % 2 == 0 { good(request) } else { ScriptedResponse::NoResponse }
    });
    thousand("one", |request| {
        changed(request, |_, headers, stream| {
            set(headers, "content-length", "");
            stream.bytes.truncate(stream.bytes.len() / 2);
            stream.ending = StreamEnd::Stalled;
        })
    });
}

#[test]
fn upstream_that_trickles_times_out() {
    thousand("one", |request| {
        changed(request, |_, headers, stream| {
            set(headers, "content-length", "");
            stream.byte_ms = 1_000;
        })
    });
}

#[test]
fn refusal_after_some_bytes_is_an_error() {
    let spent = std::cell::Cell::new(0);
    let some = move |request: &OutboundRequest| {
        if request.range.is_none() {
            spent.set(0);
            return vault(request);
        }
        if spent.get() > 1_000_000 {
            return canned(403, &[], Vec::new());
        }
        spent.set(spent.get() + request.range.unwrap().len());
        vault(request)
    };
    assert!(thousand("vault", some) > 980, "a new URL is requested");
    thousand("vault", |request| {
        if request.range.is_none() { vault(request) } else { canned(403, &[], Vec::new()) }
    });
}

#[test]
fn redirects_to_private_addresses_are_not_followed() {
    thousand("one", |request| {
        let hosts = ["127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254", "localhost"];
        let location = format!("https://{}/film", hosts[request.number % hosts.len()]);
        assert!(request.url.starts_with("https://a.example/"), "{}", request.url);
        canned(302, &[("location", &location)], Vec::new())
    });
}

#[test]
fn content_codings_on_ranges_are_refused() {
    for coding in ["gzip", "br", "gzip, identity", "x"] {
        let coded = move |request: &OutboundRequest| {
            changed(request, |_, headers, stream| {
                set(headers, "content-encoding", coding);
                stream.bytes.iter_mut().for_each(|byte| *byte = 0x1f);
            })
        };
        assert!(thousand("one", coded) < 900, "{coding}");
    }
}

#[test]
fn too_many_requests_are_retried_later() {
    for after in ["", "0", "1", "3600", "soon", "Tue, 14 Nov 2023 22:13:30 GMT"] {
        thousand("one", move |request| {
            if request.number % 2 == 0 {
                good(request)
            } else {
                canned(429, &[("retry-after", after)], vec![])
            }
        });
    }
}
