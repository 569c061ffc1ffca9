//! One page.
use super::model::Story;
pub fn write(_story: &Story) -> String {
    String::new()
}
