//! `multipart/form-data`, as curl's `-F` and the official clients send it.

use super::reply::Refusal;

/// The boundary of a content type, if it is a multipart form.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = |parameter: &str| -> Option<usize> {
        let (name, _) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(parameter.find('=')? + 1)
    };
    let boundary = parameters.split(';').find_map(|parameter| Some(parameter.get(value(parameter)?..)?.trim()))?;
    Some(boundary.trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

/// The fields of a form, in order. No call that the sandbox serves takes a file.
pub fn fields(boundary: &str, body: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let malformed = || Refusal::parameter("The multipart form is malformed");
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter has no line break in front.
    let whole = [b"\r\n", body].concat();
    let mut fields = Vec::new();
    let mut rest = after(&whole, delimiter.as_bytes()).ok_or_else(malformed)?;
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n").ok_or_else(malformed)?;
        let end = position(part, delimiter.as_bytes()).ok_or_else(malformed)?;
        let (part, next) = part.split_at(end);
        let head_end = position(part, b"\r\n\r\n").ok_or_else(malformed)?;
        let head = std::str::from_utf8(&part[..head_end]).map_err(|_| malformed())?;
        let value = std::str::from_utf8(&part[head_end + 4..]).map_err(|_| malformed())?;
        let disposition = head
            .split("\r\n")
            .find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))
            .ok_or_else(malformed)?;
        if quoted(disposition, "filename").is_some() {
            return Err(Refusal::parameter("This call takes no file"));
        }
        let name = quoted(disposition, "name").ok_or_else(malformed)?;
        fields.push((name.to_owned(), value.to_owned()));
        rest = &next[delimiter.len()..];
    }
    Ok(fields)
}

fn position(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}

fn after<'b>(whole: &'b [u8], part: &[u8]) -> Option<&'b [u8]> {
    whole.get(position(whole, part)? + part.len()..)
}

/// The value of `name="value"` in a header.
fn quoted<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header.split(';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_found() {
        for (content_type, wanted) in [
            ("multipart/form-data; boundary=xyz", Some("xyz")),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"a=b\"", Some("a=b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("application/json; boundary=xyz", None),
        ] {
            assert_eq!(boundary(content_type), wanted, "{content_type}");
        }
    }

    #[test]
    fn fields_are_read_in_order_and_files_are_refused() {
        let part =
            |head: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n");
        let two = format!("{}{}--b--\r\n", part("name=\"name\"", "Spring\r\n& more"), part("name=\"page_id\"", ""));
        assert_eq!(
            fields("b", two.as_bytes()).unwrap(),
            [("name".to_owned(), "Spring\r\n& more".to_owned()), ("page_id".to_owned(), String::new())]
        );
        assert_eq!(fields("b", b"--b--\r\n").unwrap(), []);
        let file = format!("{}--b--", part("name=\"source\"; filename=\"a.png\"", "x"));
        for wrong in [
            &file,
            "",
            "--b",
            "--b\r\nno head\r\n--b--",
            "--b\r\nX: y\r\n\r\nvalue\r\n--b--",
            &part("name=\"a\"", "cut")[..40],
        ] {
            assert_eq!(fields("b", wrong.as_bytes()).unwrap_err().code, 100, "{wrong:?}");
        }
    }
}
