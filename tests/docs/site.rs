//! `http://api.test`: a server on loopback that answers what a page says, each answer once.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    /// `GET /pets?status=sold`
    request: String,
    content_type: &'static str,
    body: String,
}

impl Answer {
    /// From a fence's language and its words: `[STATUS] METHOD /path`.
    pub fn read(language: &str, words: &[&str], body: &str) -> Option<Self> {
        let (status, words) = match words {
            [status, rest @ ..] if status.parse::<u16>().is_ok() => (status.parse().ok()?, rest),
            words => (200, words),
        };
        let [method, path] = words else { return None };
        let content_type = match language {
            "json" => "application/json",
            "yaml" => "application/yaml",
            "text" => "text/plain",
            _ => return None,
        };
        Some(Self { status, request: format!("{method} {path}"), content_type, body: body.trim_end().to_owned() })
    }
}

#[derive(Default)]
struct State {
    answers: Vec<Answer>,
    /// Requests that no answer was for.
    surprises: Vec<String>,
}

/// It serves until the process ends.
pub struct Site {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Site {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (address, state) = (listener.local_addr().expect("its address"), Arc::<Mutex<State>>::default());
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A client that breaks off is none of the page's business.
                std::thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        Self { address, state }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forgets what was, and answers these.
    pub fn answers(&self, answers: Vec<Answer>) {
        *lock(&self.state) = State { answers, surprises: Vec::new() };
    }

    /// Requests that came unforeseen, and answers that nobody asked for.
    pub fn left(&self) -> Vec<String> {
        let state = lock(&self.state);
        let unasked = state.answers.iter().map(|answer| format!("nobody asked for {}", answer.request));
        state.surprises.iter().map(|request| format!("{request} has no answer")).chain(unasked).collect()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let request = first.rsplit_once(' ').map_or("", |(request, _)| request);
    let answer = {
        let mut state = lock(state);
        let at = state.answers.iter().position(|answer| answer.request == request);
        match at {
            Some(at) => state.answers.remove(at),
            None => {
                state.surprises.push(request.to_owned());
                Answer { status: 404, request: String::new(), content_type: "text/plain", body: String::new() }
            }
        }
    };
    let Answer { status, content_type, body, .. } = answer;
    let head =
        format!("HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    reader.get_mut().write_all((head + &body).as_bytes())
}
