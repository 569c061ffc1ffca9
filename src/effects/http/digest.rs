//! Digest authentication (RFC 7616): the answer to a challenge.

use digest_auth::{AuthContext, HttpMethod, Qop, WwwAuthenticateHeader};
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Url};

use super::super::EffectError;
use super::super::authentication::Login;

/// A challenge that can be answered.
pub(super) struct Challenge(WwwAuthenticateHeader);

impl Challenge {
    /// The first one, in the server's order of preference, whose algorithm is known.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let mut challenges =
            texts.flat_map(challenges).filter(|text| text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("digest ")));
        challenges.find_map(|text| WwwAuthenticateHeader::parse(&text[7..]).ok()).map(Self)
    }

    /// The nonce of an earlier answer has expired: the name and the password were right.
    pub fn is_stale(&self) -> bool {
        self.0.stale
    }

    /// The `Authorization` header of the same request, sent again.
    pub fn answer(mut self, login: &Login, method: &Method, url: &Url, body: Option<&[u8]>) -> Result<HeaderValue, EffectError> {
        if let Some(offered) = self.0.qop.as_mut().filter(|offered| offered.contains(&Qop::AUTH)) {
            // Servers that also offer `auth-int` seldom do it right.
            *offered = vec![Qop::AUTH];
        }
        let uri = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let method = HttpMethod(method.as_str().into());
        let context = AuthContext::new_with_method(&login.username, &login.password, uri, body, method);
        let answer = self.0.respond(&context).map_err(|_| EffectError::configuration("the digest challenge asks for what is not known"))?;
        let mut header = HeaderValue::from_bytes(answer.to_string().as_bytes())
            .map_err(|_| EffectError::validation("digest authentication: the username holds characters that no header may have"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// The challenges of one header: a new one begins where a scheme's name stands before the next parameter.
fn challenges(header: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in outside_quotes(header) {
        let part = part.trim();
        let begins = part.split_once('=').is_none_or(|(name, _)| name.trim_end().contains(' '));
        match found.last_mut() {
            Some(challenge) if !begins => {
                challenge.push_str(", ");
                challenge.push_str(part);
            }
            _ => found.push(part.to_owned()),
        }
    }
    found
}

/// What stands between the commas that are in no quotes.
fn outside_quotes(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (WWW_AUTHENTICATE, HeaderValue::from_static(value))).collect()
    }

    /// With a nonce of the client's that RFC 7616, 3.9.1, gives, so that its results can be compared.
    fn response(values: &[&'static str]) -> String {
        let mut challenge = Challenge::of(&headers(values)).unwrap().0;
        let mut context = AuthContext::new("Mufasa", "Circle of Life", "/dir/index.html");
        context.set_custom_cnonce("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
        challenge.respond(&context).unwrap().response
    }

    const MD5: &str = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
    const SHA: &str = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

    #[test]
    fn the_examples_of_the_rfc() {
        assert_eq!(response(&[MD5]), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(response(&[SHA, MD5]), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
        let unknown = r#"Digest realm="r", nonce="n", algorithm=SHA-1024"#;
        assert_eq!(response(&[unknown, MD5]), "8ca523f5e9506fed4657c9700eebdbec", "the first one that is known");
    }

    #[test]
    fn several_challenges_in_one_header() {
        let all =
            r#"Basic realm="a, Digest nonce=", Negotiate, digest realm="r, \"s\"", nonce="n1", stale=TRUE, Digest realm="r2", nonce="n2""#;
        assert_eq!(challenges(all).len(), 4, "{:?}", challenges(all));
        let found = Challenge::of(&HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_str(all).unwrap())])).unwrap();
        assert_eq!((found.0.realm.as_str(), found.0.nonce.as_str(), found.is_stale()), ("r, \"s\"", "n1", true));
        assert!(Challenge::of(&headers(&["Basic realm=\"x\"", "Digest realm=\"no nonce\""])).is_none());
        let foreign =
            HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_bytes("Digest realm=\"ä\", nonce=\"n\"".as_bytes()).unwrap())]);
        assert!(Challenge::of(&foreign).is_none(), "not ASCII, and no panic");
    }

    #[test]
    fn the_answer_is_that_of_plain_auth() {
        let login = Login { username: "Mufasa".to_owned(), password: "x".to_owned() };
        let url = Url::parse("http://h/dir?a=b").unwrap();
        let answer = Challenge::of(&headers(&[MD5])).unwrap().answer(&login, &Method::POST, &url, Some(b"body")).unwrap();
        let text = answer.to_str().unwrap();
        assert!(
            answer.is_sensitive() && text.contains(r#"uri="/dir?a=b""#) && text.contains("qop=auth,") && text.contains("nc=00000001"),
            "{text}"
        );
        let broken = Login { username: "a\nb".to_owned(), password: String::new() };
        let error = Challenge::of(&headers(&[MD5])).unwrap().answer(&broken, &Method::GET, &url, None).unwrap_err();
        assert!(error.kind == "validation" && !error.title.contains('\n'), "{error}");
    }
}
