//! draw
pub fn draw(_message: &serde_json::Value, _width: usize) -> String {
    String::new()
}
