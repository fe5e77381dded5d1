//! The memory platform keeps what the ports promise.

use edge::{
    memory::{Memory, MemoryStream, OutboundRequest, ScriptedResponse, run, run_until_stalled},
    platform::conformance,
};

#[test]
fn key_value_port_conforms() {
    assert_eq!(
        run_until_stalled(conformance::key_value(&Memory::default().key_value)),
        Some(Ok(()))
    );
}

#[test]
fn object_store_port_conforms() {
    let memory = Memory::default();
    memory.objects.put("t/full", &(0..100).collect::<Vec<u8>>(), 1_000);
    memory.objects.put("t/empty", b"", 1_000);
    let result = run_until_stalled(conformance::object_store(&memory.objects, "t/full", "t/empty"));
    assert_eq!(result, Some(Ok(())));
}

#[test]
fn database_port_conforms() {
    assert_eq!(run_until_stalled(conformance::database(&Memory::default().database)), Some(Ok(())));
}

#[test]
fn outbound_port_conforms() {
    let memory = Memory::default();
    memory.outbound.serve_with(server);
    let result =
        conformance::outbound(&memory.outbound, "https://a.example", "https://nobody.example");
    assert_eq!(run(&memory, result), Some(Ok(())));
}

fn server(request: &OutboundRequest) -> ScriptedResponse {
    let answer = |status, headers: &[(&'static str, &str)], bytes| {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        ScriptedResponse::Response(status, headers, MemoryStream::whole(bytes))
    };
    match (request.url.as_str(), request.range) {
        ("https://a.example/full", None) => {
            let headers = [("content-length", "100"), ("x-note", "ours"), ("x-other", "theirs")];
            answer(200, &headers, (0..100).collect())
        }
        ("https://a.example/full", Some(range)) => {
            let said = format!("bytes {}-{}/100", range.start, range.end - 1);
            let bytes = (0..100).filter(|&at| (range.start..range.end).contains(&at.into()));
            answer(206, &[("content-range", &said)], bytes.collect())
        }
        ("https://a.example/moved", _) => {
            answer(302, &[("location", "https://a.example/full")], Vec::new())
        }
        ("https://nobody.example", _) => ScriptedResponse::ConnectionRefused,
        _ => answer(404, &[], Vec::new()),
    }
}

#[test]
fn random_port_conforms() {
    assert_eq!(conformance::random(&Memory::default().random), Ok(()));
}

#[test]
fn conformance_suite_finds_a_port_that_does_not_conform() {
    let memory = Memory::default();
    memory.objects.put("t/full", &[0; 100], 1_000);
    memory.objects.put("t/empty", b"", 1_000);
    memory.objects.ignores_ranges.set(true);
    let result = run_until_stalled(conformance::object_store(&memory.objects, "t/full", "t/empty"));
    assert!(matches!(result, Some(Err(_))), "{result:?}");
}
