//! The bearer token of every call.

use tonic::{Request, Status, service::Interceptor};

/// Lets calls through that carry the key; all of them when there is none.
#[derive(Clone)]
pub(super) struct Bearer {
    expected: Option<String>,
}

impl Bearer {
    pub(super) fn new(api_key: Option<&str>) -> Self {
        Self { expected: api_key.map(|key| format!("Bearer {key}")) }
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(expected) = &self.expected else { return Ok(request) };
        match request.metadata().get("authorization") {
            Some(given) if given.as_bytes() == expected.as_bytes() => Ok(request),
            Some(_) => Err(Status::unauthenticated("the bearer token is not valid")),
            None => Err(Status::unauthenticated("metadata `authorization` is required")),
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn only_the_key_opens() {
        let call = |key: Option<&str>, given: Option<&str>| {
            let mut request = Request::new(());
            if let Some(given) = given {
                request.metadata_mut().insert("authorization", given.parse().unwrap());
            }
            Bearer::new(key).call(request).map(|_| ()).map_err(|status| status.code())
        };
        assert_eq!(call(None, None), Ok(()));
        assert_eq!(call(Some("k"), Some("Bearer k")), Ok(()));
        for given in [None, Some("k"), Some("Bearer x"), Some("Bearer k ")] {
            assert_eq!(call(Some("k"), given), Err(Code::Unauthenticated), "{given:?}");
        }
    }
}
