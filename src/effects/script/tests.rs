//! Scripts in both languages, within and beyond their limits.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::RunSettings;

fn scripts(change: impl FnOnce(&mut RunSettings)) -> Scripts {
    let mut settings = RunSettings { enable: RunKind::ALL.into(), ..RunSettings::default() };
    change(&mut settings);
    Scripts::new(&Processes::new(&settings))
}

/// A source is what its URI says.
async fn fetch(source: Data) -> Result<String, EffectError> {
    Ok(source.get("uri").and_then(|uri| uri.as_str().map(str::to_owned)).unwrap_or_default())
}

async fn call(scripts: &Scripts, input: Value) -> Result<Value, EffectError> {
    scripts.call(&input.into(), fetch).await.map(|output| output.to_json())
}

async fn run(input: Value) -> Value {
    call(&scripts(|_| ()), input).await.expect("an outcome")
}

async fn js(code: &str) -> Value {
    run(json!({"language": "js", "code": code})).await
}

/// A script that writes and ends well.
async fn writes(code: &str, expected: &str) {
    assert_eq!(js(code).await, json!({"code": 0, "stdout": expected, "stderr": ""}), "{code}");
}

#[tokio::test]
async fn a_script_reads_its_input_arguments_and_environment() {
    let code = "
        import { readFileSync } from 'node:fs';
        console.log('stdin >', readFileSync(process.stdin.fd, 'utf8'), require('fs').readFileSync('/dev/stdin') === readFileSync(0));
        const [_, __, ...args] = process.argv;
        console.log('args >', args, '; env >', process.env);
        console.error('bye');";
    let given = json!({"arguments": ["a", "b c"], "stdin": "Hello", "environment": {"foo": "bar"}});
    let mut input = given.clone();
    input["language"] = json!("js");
    input["code"] = json!(code);
    let expected = "stdin > Hello true\nargs > [\"a\",\"b c\"] ; env > {\"foo\":\"bar\"}\n";
    assert_eq!(run(input.clone()).await, json!({"code": 0, "stdout": expected, "stderr": "bye\n"}));

    input["language"] = json!("python");
    input["code"] = json!(
        "import os, sys\nprint(sys.stdin.read(), sys.argv[1:], os.environ['foo'], 'HOME' in os.environ, 'ä')\nprint('bye', file=sys.stderr)\nsys.exit(4)"
    );
    assert_eq!(run(input).await, json!({"code": 4, "stdout": "Hello ['a', 'b c'] bar False ä\n", "stderr": "bye\n"}));
    let source = json!({"language": "js", "source": {"uri": "console.log('from afar')"}});
    assert_eq!(run(source).await["stdout"], "from afar\n");
}

#[tokio::test]
async fn a_script_has_the_language_and_little_else() {
    writes("console.log('a', 1, 2n, null, undefined, [1, {b: 2}], true)", "a 1 2n null undefined [1,{\"b\":2}] true\n").await;
    writes("const a = {}; a.a = a; console.log(a, Symbol('s'), new Error('e').message)", "[object Object] Symbol(s) e\n").await;
    writes("process.stdout.write('a'); process.stdout.write(1)", "a1").await;
    writes("console.log(await Promise.resolve(7)); Promise.resolve(8).then(console.log)", "7\n8\n").await;
    writes("async function main() { await null; console.log('done') } main()", "done\n").await;
    writes(
        "console.log(Object.groupBy([1, 2, 3], x => x % 2 ? 'odd' : 'even'), '\\ud800'.isWellFormed())",
        "{\"odd\":[1,3],\"even\":[2]} false\n",
    )
    .await;
    writes("console.log('\\ud800')", "\u{fffd}\n").await;
    let globals = "for (const name of ['fetch', 'setTimeout', 'std', 'os', 'Deno', 'Bun', 'print', 'host']) if (name in globalThis) console.log(name)";
    writes(globals, "").await;
    for code in [
        "import 'node:http'",
        "require('child_process')",
        "import { readFileSync } from 'fs'; readFileSync('/etc/passwd')",
        "await import('/etc/passwd')",
    ] {
        let ended = js(code).await;
        assert_eq!((&ended["code"], &ended["stdout"]), (&json!(1), &json!("")), "{code}: {ended}");
    }
}

#[tokio::test]
async fn a_script_says_how_it_ends() {
    let ended = js("console.log('before');\nfunction f() { throw new TypeError('no such pet'); }\nf();").await;
    let stderr = ended["stderr"].as_str().expect("text");
    assert_eq!((&ended["code"], &ended["stdout"]), (&json!(1), &json!("before\n")));
    assert!(stderr.starts_with("Uncaught TypeError: no such pet\n") && stderr.contains("script.js:2"), "{stderr}");
    for (code, expected) in [
        ("throw {a: 1}", 1),
        ("throw null ?? 'x'", 1),
        ("let x = ;", 1),
        ("Promise.reject(new Error('x'))", 1),
        ("queueMicrotask(() => { throw new Error('x') })", 1),
        ("const p = Promise.reject(1); p.catch(() => {})", 0),
        ("process.exitCode = 5", 5),
        ("process.exit(6); process.exit(7)", 6),
        ("try { process.exit(8) } catch {} console.log('never'); for (;;) {}", 8),
        ("process.exitCode = 9; process.exit()", 9),
        ("await new Promise(() => {})", 13),
    ] {
        let ended = js(code).await;
        assert_eq!((&ended["code"], &ended["stdout"]), (&json!(expected), &json!("")), "{code}: {ended}");
        assert_eq!(ended["stderr"].as_str().is_some_and(|text| text.starts_with("Uncaught ")), expected == 1, "{code}: {ended}");
    }
}

/// Whatever a script does, it ends, and tells which limit it met.
#[tokio::test]
async fn a_script_keeps_to_its_limits() {
    let scripts = scripts(|run| {
        run.timeout = Duration::from_millis(500);
        run.js_memory_bytes = 8 << 20;
        run.output_limit_bytes = 10_000;
    });
    for (code, limit) in [
        ("for (;;) {}", "run.timeout"),
        ("for (;;) try { for (;;) {} } catch {}", "run.timeout"),
        ("const again = () => queueMicrotask(again); again()", "run.timeout"),
        ("const again = () => Promise.resolve().then(again); again()", "run.js_memory_bytes"),
        ("/(a+)+$/.exec('a'.repeat(60) + 'b')", "run.timeout"),
        ("const a = []; for (;;) a.push(new Array(1000).fill(7))", "run.js_memory_bytes"),
        ("'x'.repeat(1e8)", "run.js_memory_bytes"),
        ("new ArrayBuffer(1e9)", "run.js_memory_bytes"),
        ("for (;;) console.log('x'.repeat(100))", "run.output_limit_bytes"),
        ("try { for (;;) console.log('x'.repeat(100)) } catch {} for (;;) {}", "run.output_limit_bytes"),
        ("process.stdout.write('\\u0001'.repeat(9000))", "run.output_limit_bytes"),
    ] {
        let error = call(&scripts, json!({"language": "js", "code": code})).await.expect_err(code);
        assert!(error.detail.as_ref().is_some_and(|detail| detail.contains(limit)), "{code}: {error}");
    }
    for code in [
        "const f = () => 1 + f(); f()",
        "let a = []; for (let i = 0; i < 1e4; i++) a = [a]; JSON.stringify(a)",
        "eval('('.repeat(1e4))",
        "let s = 'x'; for (;;) s = s + s + '!' + s.length",
    ] {
        let ended = call(&scripts, json!({"language": "js", "code": code})).await.expect(code);
        assert_eq!(ended["code"], 1, "{code}: {ended}");
    }
    let endless = json!({"language": "python", "code": "while True: pass"});
    assert_eq!(call(&scripts, endless).await.expect_err("a limit").status, 408);
}

#[tokio::test]
async fn a_dropped_script_stops() {
    let scripts = scripts(|_| ());
    let input = json!({"language": "js", "code": "for (;;) {}"}).into();
    {
        let mut call = pin!(scripts.call(&input, fetch));
        assert!(futures::poll!(&mut call).is_pending());
    }
    // Its thread is told so by the kernel; when it is gone, so is the script.
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.flatten().filter(|task| is_script(&task.path())).count());
    while threads() > 0 {
        tokio::task::yield_now().await;
    }
}

fn is_script(task: &std::path::Path) -> bool {
    std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim_end() == "js")
}

#[tokio::test]
async fn what_cannot_be_run_is_told() {
    for (input, kind) in [
        (json!({"language": "perl", "code": ""}), "validation"),
        (json!({"language": "js"}), "validation"),
        (json!({"language": "js", "code": 1}), "validation"),
        (json!({"language": "js", "code": "", "source": {"uri": ""}}), "validation"),
        (json!({"language": "js", "code": "", "arguments": {}}), "validation"),
    ] {
        assert_eq!(call(&scripts(|_| ()), input.clone()).await.expect_err("an error").kind, kind, "{input}");
    }
    let off = scripts(|run| run.enable = [RunKind::Shell].into());
    for language in ["js", "python"] {
        let error = call(&off, json!({"language": language, "code": ""})).await.expect_err("off");
        assert_eq!((error.kind, error.status), ("authorization", 403));
    }
    let folder = TempDir::new().expect("a folder");
    let missing = folder.path().join("python").display().to_string();
    let error = call(&scripts(|run| run.python = missing), json!({"language": "python", "code": ""})).await.expect_err("no python");
    assert_eq!(error.kind, "configuration");
}
