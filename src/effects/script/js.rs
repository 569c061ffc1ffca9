//! A script in JavaScript: an ES module without files, network, clockwork or other modules, on a thread of its own.
//!
//! The script sees the language (ES2024) and what `prelude.js` adds: `console`, `process.argv`, `process.env`, `process.stdin.fd`,
//! `process.stdout.write`, `process.exit`, `process.exitCode`, and `readFileSync` of `node:fs` for its standard input alone; the two modules by
//! `import` and by `require`. Objects are written as JSON. It has ended when nothing is left to do; one that waits for what never comes ends with
//! code 13, as under Node.js. There are no timers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rquickjs::{CatchResultExt as _, CaughtError, Context, Ctx, Function, Module, Object, Persistent, Promise, Runtime, Value};
use tokio::sync::oneshot;

use super::super::EffectError;
use super::super::process::{Ended, Given, out_of_time, too_large};
use crate::config::RunSettings;

const PRELUDE: &str = include_str!("prelude.js");
/// Of the script's own calls; more is an error that it can catch.
const STACK_BYTES: usize = 1 << 20;
/// What the engine itself needs stands on the same stack.
const THREAD_STACK_BYTES: usize = 4 * STACK_BYTES;
/// Of a script whose last `await` is never over.
const CODE_WAITS_FOR_EVER: i32 = 13;

/// The modules, as text: they pass on what the prelude made.
const MODULES: [(&str, &str); 2] = [
    ("fs", "const fs = require('fs'); export default fs; export const { readFileSync } = fs;"),
    ("process", "export default process; export const { argv, env, stdin, stdout, stderr, exit } = process;"),
];

pub(super) async fn run(settings: &Arc<RunSettings>, code: String, given: Given) -> Result<Ended, EffectError> {
    let stop = Arc::new(AtomicBool::new(false));
    let _on_drop = StopOnDrop(stop.clone());
    let (tell, told) = oneshot::channel();
    let not_started = |error: String| EffectError::runtime("the script cannot be started").with_detail(error);
    let work = {
        let settings = settings.clone();
        move || drop(tell.send(execute(&code, given, &settings, stop)))
    };
    let thread = std::thread::Builder::new().name("js".to_owned()).stack_size(THREAD_STACK_BYTES);
    thread.spawn(work).map_err(|error| not_started(error.to_string()))?;
    match tokio::time::timeout(settings.timeout, told).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Err(not_started("its thread has ended".to_owned())),
        Err(_) => Err(out_of_time(settings)),
    }
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the script has written so far, and why it must go no further.
#[derive(Default)]
struct State {
    /// Nobody waits for the script any more. The engine looks every few thousand steps.
    stop: Arc<AtomicBool>,
    ended: RefCell<Ended>,
    too_large: Cell<bool>,
    /// By `process.exit`.
    exited: Cell<bool>,
    /// An error was lost for want of memory.
    no_memory: Cell<bool>,
}

impl State {
    fn must_stop(&self) -> bool {
        self.too_large.get() || self.exited.get() || self.stop.load(Ordering::Relaxed)
    }

    /// False when the script must stop.
    fn write(&self, stream: i32, text: &str, limit: usize) -> bool {
        let mut ended = self.ended.borrow_mut();
        if self.must_stop() {
            return false;
        }
        if ended.stdout.len() + ended.stderr.len() + text.len() > limit {
            self.too_large.set(true);
            return false;
        }
        let out = if stream == 1 { &mut ended.stdout } else { &mut ended.stderr };
        out.extend_from_slice(text.as_bytes());
        true
    }
}

/// On the script's own thread, to its end.
fn execute(code: &str, given: Given, settings: &RunSettings, stop: Arc<AtomicBool>) -> Result<Ended, EffectError> {
    let state = Rc::new(State { stop, ..State::default() });
    let engine = |error: rquickjs::Error| EffectError::runtime("the script's engine failed").with_detail(error.to_string());
    let runtime = Runtime::new().map_err(engine)?;
    runtime.set_max_stack_size(STACK_BYTES);
    let watched = state.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || watched.must_stop())));
    let track: Rc<RefCell<Option<Persistent<Function<'static>>>>> = Rc::default();
    let (function, losing) = (track.clone(), state.clone());
    runtime.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, reason, handled| {
        let Some(track) = function.borrow().clone() else { return };
        let done = track.restore(&ctx).and_then(|track| track.call::<_, Value<'_>>((promise, reason, handled)));
        losing.no_memory.set(losing.no_memory.get() || done.is_err());
    })));
    let context = Context::full(&runtime).map_err(engine)?;
    runtime.set_memory_limit(settings.js_memory_bytes);
    let started = context.with(|ctx| {
        // Nothing but memory can be missing there.
        let Ok(prelude) = prelude(&ctx, given, &state, settings.output_limit_bytes) else { return Err(End::NoMemory) };
        let function: Option<Function<'_>> = prelude.get("track").ok();
        track.replace(function.map(|function| Persistent::save(&ctx, function)));
        match Module::evaluate(ctx.clone(), "script.js", code).catch(&ctx) {
            Ok(main) => Ok(Started { prelude: Persistent::save(&ctx, prelude), main: Persistent::save(&ctx, main) }),
            Err(error) => Err(failed(&ctx, &prelude, error)),
        }
    });
    let end = started.map_or_else(|end| end, |started| started.run_out(&runtime, &context, &state));
    track.take(); // no value may outlive the engine
    if state.too_large.get() {
        return Err(too_large(settings));
    }
    match end {
        _ if state.exited.get() => {}
        End::Code(code) if !state.no_memory.get() => state.ended.borrow_mut().code = code,
        _ => {
            let limit = settings.js_memory_bytes;
            let error = EffectError::runtime("the script needs too much memory");
            return Err(error.with_detail(format!("the limit is {limit} bytes (run.js_memory_bytes)")));
        }
    }
    Ok(state.ended.take())
}

/// How a script ended that did not ask for it.
enum End {
    Code(i32),
    NoMemory,
}

fn prelude<'js>(ctx: &Ctx<'js>, given: Given, state: &Rc<State>, limit: usize) -> rquickjs::Result<Object<'js>> {
    let host = Object::new(ctx.clone())?;
    let (writer, exiter) = (state.clone(), state.clone());
    let stopped = |ctx: &Ctx<'js>| rquickjs::Exception::throw_message(ctx, "the script has ended");
    let write =
        move |ctx: Ctx<'js>, stream: i32, text: String| if writer.write(stream, &text, limit) { Ok(()) } else { Err(stopped(&ctx)) };
    let exit = move |ctx: Ctx<'js>, code: i32| -> rquickjs::Result<()> {
        if !exiter.exited.replace(true) {
            exiter.ended.borrow_mut().code = code & 0xff; // as a process would
        }
        Err(stopped(&ctx))
    };
    host.set("write", Function::new(ctx.clone(), write)?)?;
    host.set("exit", Function::new(ctx.clone(), exit)?)?;
    host.set("argv", given.arguments)?;
    host.set("stdin", given.stdin)?;
    let environment = Object::new(ctx.clone())?;
    for (name, value) in given.environment {
        environment.set(name, value)?;
    }
    host.set("env", environment)?;
    let made: Function<'js> = ctx.eval(PRELUDE)?;
    let prelude: Object<'js> = made.call((host,))?;
    for (name, text) in MODULES {
        for name in [name.to_owned(), format!("node:{name}")] {
            Module::declare(ctx.clone(), name, text)?;
        }
    }
    Ok(prelude)
}

/// A script whose module has been evaluated up to its first `await`.
struct Started {
    prelude: Persistent<Object<'static>>,
    main: Persistent<Promise<'static>>,
}

impl Started {
    /// Everything that is left to do, then what became of the module itself.
    fn run_out(self, runtime: &Runtime, context: &Context, state: &State) -> End {
        let lost = |_| End::NoMemory;
        while !state.must_stop() {
            match runtime.execute_pending_job() {
                Ok(true) => {}
                Ok(false) => break,
                Err(job) => {
                    return job.0.with(|ctx| {
                        let error = CaughtError::from_error(&ctx, rquickjs::Error::Exception);
                        self.prelude.restore(&ctx).map_or_else(lost, |prelude| failed(&ctx, &prelude, error))
                    });
                }
            }
        }
        context.with(|ctx| {
            let (Ok(prelude), Ok(main)) = (self.prelude.restore(&ctx), self.main.restore(&ctx)) else { return End::NoMemory };
            match main.result::<()>().map(|done| done.catch(&ctx)) {
                None => End::Code(CODE_WAITS_FOR_EVER),
                Some(Ok(())) => finish(&ctx, &prelude, None),
                Some(Err(error)) => failed(&ctx, &prelude, error),
            }
        })
    }
}

fn failed<'js>(ctx: &Ctx<'js>, prelude: &Object<'js>, error: CaughtError<'js>) -> End {
    if no_memory(&error) {
        return End::NoMemory;
    }
    match error {
        CaughtError::Exception(exception) => finish(ctx, prelude, Some(exception.into_object().into_value())),
        CaughtError::Value(value) => finish(ctx, prelude, Some(value)),
        CaughtError::Error(_) => End::Code(1),
    }
}

fn finish<'js>(ctx: &Ctx<'js>, prelude: &Object<'js>, error: Option<Value<'js>>) -> End {
    let code = prelude.get("end").and_then(|end: Function<'js>| end.call::<_, Option<i32>>((error.is_some(), error)));
    match code.catch(ctx) {
        Ok(Some(code)) => End::Code(code),
        Ok(None) => End::NoMemory,
        Err(error) if no_memory(&error) => End::NoMemory,
        Err(_) => End::Code(1), // the error could not even be told
    }
}

fn no_memory(error: &CaughtError<'_>) -> bool {
    match error {
        CaughtError::Exception(exception) => exception.message().is_some_and(|message| message == "out of memory"),
        // The engine had none left even for the error.
        CaughtError::Value(value) => value.is_null(),
        CaughtError::Error(error) => matches!(error, rquickjs::Error::Allocation),
    }
}
