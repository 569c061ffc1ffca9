//! Against a server on loopback that speaks the API byte by byte.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::super::agents::{Agent as Any, Agents, Variables};
use super::*;

const KEY: &str = "sk-loopback-0123";
const MESSAGE: &str = "the printer is on fire";

/// What the server does with one request.
#[derive(Clone)]
enum Play {
    /// Writes these bytes, one write each, and closes.
    Write(Vec<Vec<u8>>),
    /// Writes this, and then keeps silent until the other side is gone.
    Hold(Vec<u8>),
}

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
    /// Told when the other side of a held request has gone.
    left: Arc<Notify>,
}

impl Server {
    /// One play for each request in turn; the last one for all that follow.
    async fn start(plays: Vec<Play>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (seen, left): (Arc<Mutex<Vec<String>>>, _) = (Arc::default(), Arc::new(Notify::new()));
        let (notes, gone) = (seen.clone(), left.clone());
        tokio::spawn(async move {
            let mut at = 0;
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let play = plays[at.min(plays.len() - 1)].clone();
                at += usize::from(serve(stream, play, &notes, &gone).await);
            }
        });
        Self { url, seen, left }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An agent that asks this server.
    fn agent(&self, more: &str) -> Arc<Agent> {
        let text = format!("{{name: triage, kind: openai, model: small, base_url: '{}', api_key: {{env: KEY}}{more}}}", self.url);
        let key = |_: &str| Some(KEY.to_owned());
        let agents = Agents::parse_with(&text, Path::new("agents.yaml"), Variables::new(&key)).unwrap();
        match agents.get("triage") {
            Some(Any::OpenAi(agent)) => agent.clone(),
            other => panic!("{other:?}"),
        }
    }
}

/// False for a connection that brings no request: clients of other tests may still look for a server that had this port.
async fn serve(mut stream: TcpStream, play: Play, seen: &Mutex<Vec<String>>, left: &Notify) -> bool {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(size) if size > 0 => request.extend_from_slice(&buffer[..size]),
            _ => return false,
        }
    }
    if !request.starts_with(b"POST ") {
        return false;
    }
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8(request).unwrap());
    match play {
        Play::Write(pieces) => {
            for piece in pieces {
                if stream.write_all(&piece).await.is_err() || stream.flush().await.is_err() {
                    return true;
                }
                tokio::task::yield_now().await;
            }
        }
        Play::Hold(bytes) => {
            stream.write_all(&bytes).await.unwrap();
            while stream.read(&mut buffer).await.is_ok_and(|size| size > 0) {}
            left.notify_one();
        }
    }
    true
}

/// Whether head and body are there.
fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse::<usize>().ok());
    body.len() >= length.unwrap_or_default()
}

fn head(status: &str, content_type: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\nconnection: close\r\n{more}\r\n")
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    format!("data: {}\n\n", json!({"model": "small-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
}

fn stream(events: &str) -> Vec<u8> {
    format!("{}{events}", head("200 OK", "text/event-stream; charset=utf-8", "")).into_bytes()
}

fn whole_answer() -> Vec<u8> {
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}});
    let parts = [
        ": keep-alive\n\n".to_owned(),
        chunk(&json!({"role": "assistant", "content": ""}), None),
        chunk(&json!({"content": "dring"}), None),
        ": keep-alive\n\n".to_owned(),
        chunk(&json!({"content": "end ä"}), None),
        chunk(&json!({}), Some("stop")),
        format!("data: {usage}\n\ndata: [DONE]\n\n"),
    ];
    stream(&parts.concat())
}

fn refusal(status: &str, more: &str, body: &str) -> Play {
    Play::Write(vec![format!("{}{body}", head(status, "application/json", more)).into_bytes()])
}

fn question() -> Question {
    Question::parse(&json!({"agent": "triage", "message": MESSAGE, "env": {"TOKEN": "private"}}).into())
}

async fn ask(plays: Vec<Play>, more: &str) -> (Result<Reply, EffectError>, Vec<String>) {
    let server = Server::start(plays).await;
    let answer = server.agent(more).ask(&question(), |_| ()).await;
    (answer, server.seen())
}

#[tokio::test]
async fn the_answer_is_put_together_from_pieces_of_any_size() {
    for size in [1, 2, 3, 7, 1000] {
        let pieces = whole_answer().chunks(size).map(<[u8]>::to_vec).collect();
        let server = Server::start(vec![Play::Write(pieces)]).await;
        let mut shown = Vec::new();
        let more = ", instructions: be brief, temperature: 0.5, max_tokens: 9";
        let reply = server.agent(more).ask(&question(), |text| shown.push(text.to_owned())).await.unwrap();
        assert_eq!(reply.text, "dringend ä");
        let told = Told { model: "small-1".to_owned(), prompt_tokens: 12, completion_tokens: 3, cut_off: false };
        assert_eq!(reply.told, told);
        assert!(shown.iter().all(|text| reply.text.starts_with(text.as_str())) && shown.last() == Some(&reply.text), "{shown:?}");
        let seen = &server.seen()[0];
        let (head, body) = seen.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
        assert!(head.to_ascii_lowercase().contains(&format!("authorization: bearer {KEY}")), "{head}");
        let sent = json!({
            "model": "small", "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.5, "max_tokens": 9,
            "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": MESSAGE}],
        });
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), sent, "and nothing of the environment");
    }
}

#[tokio::test]
async fn a_step_may_name_its_model_and_a_server_may_not_stream() {
    let body =
        json!({"model": "big-1", "choices": [{"message": {"content": "fine"}, "finish_reason": "length"}], "usage": {"prompt_tokens": 1}});
    let server = Server::start(vec![refusal("200 OK", "", &body.to_string())]).await;
    let question = Question { model: Some("big".to_owned()), ..question() };
    let reply = server.agent("").ask(&question, |_| ()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.told.model.as_str(), reply.told.cut_off), ("fine", "big-1", true));
    assert!(server.seen()[0].contains(r#""model":"big""#));
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_with_what_to_do() {
    let body = json!({"error": {"message": format!("Incorrect API key provided: {KEY}. You said: {MESSAGE}")}}).to_string();
    let (answer, seen) = ask(vec![refusal("401 Unauthorized", "", &body)], "").await;
    let error = answer.unwrap_err();
    assert_eq!((error.kind, error.status, seen.len()), ("authorization", 403, 1), "once: it would not help");
    let text = error.to_string();
    assert!(text.contains("refused the key (401)") && text.contains("set the environment variable KEY"), "{text}");
    assert!(text.contains("Incorrect API key provided: …") && !text.contains(KEY) && !text.contains(MESSAGE), "{text}");
}

#[tokio::test]
async fn what_no_retry_mends_is_asked_once() {
    let cases = [
        ("404 Not Found", "", r#"{"error":{"message":"no such model"}}"#, "is there a model `small`"),
        (
            "400 Bad Request",
            "",
            r#"{"error":{"message":"use max_completion_tokens"}}"#,
            "refused the request (400): use max_completion_tokens",
        ),
        ("307 Temporary Redirect", "location: http://other/v1\r\n", "", "set `base_url` to it: http://other/v1"),
    ];
    for (status, headers, body, expected) in cases {
        let (answer, seen) = ask(vec![refusal(status, headers, body)], "").await;
        let text = answer.unwrap_err().to_string();
        assert!(text.contains(expected) && seen.len() == 1, "{text}");
    }
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let busy = |after: &str| refusal("429 Too Many Requests", &format!("retry-after: {after}\r\n"), r#"{"error":{"message":"slow down"}}"#);
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    let broken = refusal("503 Service Unavailable", "retry-after: 0\r\n", "<html>busy</html>");
    let (answer, seen) = ask(vec![busy("0"), busy(past), broken, Play::Write(vec![whole_answer()])], "").await;
    assert_eq!((answer.unwrap().text.as_str(), seen.len()), ("dringend ä", 4));

    let (answer, seen) = ask(vec![busy("0")], "").await;
    assert_eq!((answer.unwrap_err().to_string().contains("(429): slow down"), seen.len()), (true, ATTEMPTS_MAX as usize));

    // Not waited for in vain.
    let (answer, seen) = ask(vec![busy("3600")], ", timeout: 1m").await;
    let text = answer.unwrap_err().to_string();
    assert!(text.contains("would be after 1h, beyond the agent's `timeout` of 1m: slow down") && seen.len() == 1, "{text}");
}

#[tokio::test]
async fn a_stream_that_breaks_is_begun_again() {
    let half = stream(&chunk(&json!({"content": "half"}), None));
    let failed = stream(&format!("{}data: {}\n\n", chunk(&json!({"content": "x"}), None), json!({"error": {"message": "overloaded"}})));
    let server = Server::start(vec![Play::Write(vec![half]), Play::Write(vec![failed]), Play::Write(vec![whole_answer()])]).await;
    let mut shown = Vec::new();
    let reply = server.agent("").ask(&question(), |text| shown.push(text.to_owned())).await.unwrap();
    assert_eq!((reply.text.as_str(), server.seen().len()), ("dringend ä", 3));
    assert_eq!(shown.iter().map(String::as_str).take(2).collect::<Vec<_>>(), ["half", "x"]);
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_as_such() {
    let text = |events: &str| Play::Write(vec![stream(events)]);
    let cases = [
        (text("data: {\"choices\": [{]}\n\n"), "an event is no chunk of an answer: it is no JSON, at column"),
        (text("data: {\"choices\": 7}\n\n"), "a member has another type"),
        (text(&chunk(&json!({"tool_calls": [{"id": "1"}]}), None)), "asked for a tool, and has none"),
        (text(&chunk(&json!({"refusal": "I will not"}), Some("stop"))), "refused to answer: I will not"),
        (text(&chunk(&json!({}), Some("content_filter"))), "content filter stopped"),
        (text(&chunk(&json!({}), Some("length"))), "raise `max_tokens`"),
        (text("data: [DONE]\n\n"), "answered nothing"),
        (Play::Write(vec![format!("{}<html>", head("200 OK", "text/html", "")).into_bytes()]), "it is `text/html`"),
        (text(&chunk(&json!({"content": "x".repeat(300_000)}), None)), "is too long"),
        (Play::Write(vec![stream(&format!("data: {}", "x".repeat(1_100_000)))]), "larger than 1 MiB"),
    ];
    for (play, expected) in cases {
        let (answer, seen) = ask(vec![play], "").await;
        let text = answer.unwrap_err().to_string();
        assert!(text.contains(expected) && seen.len() == 1, "{expected}: {text}");
    }
}

#[tokio::test]
async fn a_last_event_may_be_missing() {
    let (answer, _) = ask(vec![Play::Write(vec![stream(&chunk(&json!({"content": "done"}), Some("stop")))])], "").await;
    assert_eq!(answer.unwrap().text, "done");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up_and_one_nobody_wants_is_closed() {
    let begun = stream(&chunk(&json!({"content": "well"}), None));
    let server = Server::start(vec![Play::Hold(begun.clone())]).await;
    let error = server.agent(", timeout: 300ms").ask(&question(), |_| ()).await.unwrap_err();
    assert_eq!((error.kind, error.status), ("timeout", 408));
    assert!(error.title.contains("did not answer within 300ms"), "{error}");
    server.left.notified().await;

    let server = Server::start(vec![Play::Hold(begun)]).await;
    let (agent, question, begun) = (server.agent(""), question(), Notify::new());
    tokio::select! {
        answer = agent.ask(&question, |_| begun.notify_one()) => panic!("{answer:?}"),
        () = begun.notified() => {}
    }
    server.left.notified().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_its_address() {
    let server = Server { url: "http://127.0.0.1:1/v1".to_owned(), seen: Arc::default(), left: Arc::default() };
    let error = server.agent(", timeout: 900ms").ask(&question(), |_| ()).await.unwrap_err();
    assert!(error.title.contains("http://127.0.0.1:1 cannot be reached"), "{error}");
    assert!(error.detail.is_some_and(|detail| detail.contains("beyond the agent's `timeout`") && detail.contains("refused")));
}
