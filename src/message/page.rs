//! page
pub fn render(_message: &serde_json::Value, _src: Option<&str>) -> crate::error::Result<String> {
    Ok(String::new())
}
