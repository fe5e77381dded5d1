//! `Accept-Encoding`: may the answer be compressed? (RFC 9110 §12.5.3)

/// Whether `gzip` is acceptable. Without the header nothing is compressed: a client that can
/// decompress says so.
pub fn accepts_gzip(header: Option<&str>) -> bool {
    let mut any = false;
    for element in header.unwrap_or_default().split(',') {
        let (coding, parameters) = element.split_once(';').unwrap_or((element, ""));
        let acceptable = !is_zero(parameters);
        match coding.trim() {
            coding if coding.eq_ignore_ascii_case("gzip") => return acceptable,
            coding if coding.eq_ignore_ascii_case("x-gzip") => return acceptable,
            "*" => any = acceptable,
            _ => {}
        }
    }
    any
}

/// Whether the weight is `0`, `0.0` … (§12.4.2), which means "not acceptable".
fn is_zero(parameters: &str) -> bool {
    let weight = parameters.trim().strip_prefix(['q', 'Q']).map(str::trim_start);
    weight
        .and_then(|weight| weight.strip_prefix('='))
        .is_some_and(|value| value.trim().parse() == Ok(0.0_f32))
}
