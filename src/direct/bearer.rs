//! The bearer token of every call.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// Lets calls through that show the token; all of them where there is none.
#[derive(Clone)]
pub(super) struct Bearer(Option<[u8; 32]>);

impl Bearer {
    /// None where the token cannot stand in a header.
    pub fn new(token: Option<&SecretString>) -> Option<Self> {
        let Some(token) = token.map(ExposeSecret::expose_secret) else { return Some(Self(None)) };
        token.bytes().all(|byte| byte.is_ascii_graphic()).then(|| Self(Some(Sha256::digest(token).into())))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(expected) = &self.0 else { return Ok(request) };
        let given =
            request.metadata().get("authorization").ok_or_else(|| Status::unauthenticated("metadata `authorization` is required"))?;
        let shown = given.as_bytes().split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
        // Digests are compared, so that the time it takes tells nothing of the token.
        if shown.is_some_and(|(_, token)| <[u8; 32]>::from(Sha256::digest(token)) == *expected) {
            return Ok(request);
        }
        Err(Status::unauthenticated("the bearer token is not valid"))
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let call = |token: Option<&str>, given: Option<&str>| {
            let mut request = Request::new(());
            if let Some(given) = given {
                request.metadata_mut().insert("authorization", given.parse().unwrap());
            }
            let token = token.map(SecretString::from);
            Bearer::new(token.as_ref()).unwrap().call(request).map(|_| ()).map_err(|status| status.code())
        };
        assert_eq!(call(None, None), Ok(()));
        for (given, opens) in [
            (Some("Bearer t0ken"), true),
            (Some("bearer t0ken"), true),
            (Some("Bearer t0ke"), false),
            (Some("Bearer t0kenn"), false),
            (Some("Basic t0ken"), false),
            (Some("Bearer"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(call(Some("t0ken"), given), if opens { Ok(()) } else { Err(Code::Unauthenticated) }, "{given:?}");
        }
        assert!(Bearer::new(Some(&SecretString::from("a b"))).is_none());
    }
}
