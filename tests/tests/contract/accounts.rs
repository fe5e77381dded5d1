//! Viewers with accounts, which the command line keeps: signing in, one history on two devices, and the end.

use std::{io::Write as _, process::Stdio};

use api::{ErrorCode, History, HistoryEntry, SignedIn, Watchlist, paths};
use serde_json::json;
use tests::{
    fixture::FILM,
    http::{Request, Response},
    process::firstframe_command,
};

use crate::{
    Subject,
    shared::{Checks, code, data},
};

/// Runs `firstframe account` with a password on its stdin. Returns whether it succeeded, and its output.
fn account(subject: &Subject, arguments: &[&str], password: &str) -> (bool, String) {
    let url = format!("http://{}", subject.deployment.origin.authority);
    let mut command = firstframe_command().expect("a binary");
    command.arg("account").args(arguments).args(["--url", &url]);
    command.env("FIRSTFRAME_ADMIN_KEY", &subject.deployment.admin_key);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    child.stdin.take().expect("a pipe").write_all(password.as_bytes()).expect("a password");
    let output = child.wait_with_output().expect("an end");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn sign_in(subject: &Subject, name: &str, password: &str) -> Response {
    let body = json!({ "name": name, "password": password }).to_string();
    subject.send(&Request::post(paths::SIGN_IN, body))
}

/// A device of a viewer who has signed in.
struct Device<'a> {
    subject: &'a Subject,
    cookie: String,
}

impl<'a> Device<'a> {
    fn new(subject: &'a Subject, name: &str, password: &str) -> Self {
        let answer = sign_in(subject, name, password);
        assert_eq!(answer.status, 200, "{name} signs in");
        let cookie = answer.header("set-cookie").expect("a cookie");
        Self { subject, cookie: cookie.split(';').next().expect("a value").to_owned() }
    }

    fn send(&self, request: Request) -> Response {
        self.subject.send(&request.header("Cookie", &self.cookie))
    }

    fn status(&self) -> u16 {
        self.send(Request::get(paths::HOME)).status
    }

    fn watches(&self, seconds: f64) -> u16 {
        let body = json!({
            "catalogId": FILM, "episodeId": "night-train.1", "positionSeconds": seconds
        });
        self.send(Request::post(paths::HISTORY, body.to_string())).status
    }

    fn history(&self) -> Vec<(String, f64)> {
        let history: History = data(&self.send(Request::get(paths::HISTORY)));
        let entry = |entry: HistoryEntry| (entry.catalog_id, entry.position_seconds);
        history.items.into_iter().map(entry).collect()
    }
}

pub(crate) fn account_has_one_history_until_it_is_removed(subject: &Subject) {
    let mut checks = Checks::default();
    let cheap = ["--memory-kib", "1024"];
    for name in ["anna", "bob"] {
        let added = account(subject, &[&["add", name][..], &cheap].concat(), "open sesame\n");
        checks.that(added.0, || added.1.clone());
    }
    let (is_done, why) = account(subject, &["add", "anna", "--memory-kib", "1024"], "x\n");
    checks.that(!is_done && why.contains("already"), || why.clone());
    let (is_done, names) = account(subject, &["list"], "");
    checks.that(is_done && names.contains("anna\nbob\n2 accounts."), || names.clone());

    let stranger = subject.get(paths::HOME);
    checks.equal("a stranger", code(&stranger), Some(ErrorCode::SignInRequired));
    let wrong = sign_in(subject, "anna", "open barley");
    checks.equal("a wrong password", code(&wrong), Some(ErrorCode::WrongPassword));

    let devices = [(); 2].map(|()| Device::new(subject, "anna", "open sesame"));
    let bob = Device::new(subject, "bob", "open sesame");
    let [laptop, phone] = &devices;
    checks.equal("anna watches", laptop.watches(20.0), 200);
    checks.equal("on her phone", phone.history(), vec![(FILM.to_owned(), 20.0)]);
    checks.equal("and goes on there", phone.watches(30.0), 200);
    checks.equal("on her laptop", laptop.history(), vec![(FILM.to_owned(), 30.0)]);
    let wish = json!({ "catalogId": FILM }).to_string();
    checks.equal("a wish", phone.send(Request::post(paths::WATCHLIST, wish)).status, 201);
    let list: Watchlist = data(&laptop.send(Request::get(paths::WATCHLIST)));
    checks.equal("on the other device", list.items.len(), 1);
    checks.equal("bob has", bob.history(), vec![]);
    let state: SignedIn = data(&laptop.send(Request::get(paths::SIGN_IN)));
    checks.equal("who is here", state.name.as_deref(), Some("anna"));

    let changed = account(subject, &[&["password", "anna"][..], &cheap].concat(), "barley");
    checks.that(changed.0, || changed.1.clone());
    checks.equal("the old password's sessions", devices.each_ref().map(Device::status), [401; 2]);
    checks.equal("bob's session", bob.status(), 200);
    let anna = Device::new(subject, "anna", "barley");
    checks.equal("her history stays", anna.history(), vec![(FILM.to_owned(), 30.0)]);
    let removed = account(subject, &["remove", "anna"], "");
    checks.that(removed.0, || removed.1.clone());
    checks.equal("a removed account", anna.status(), 401);
    let (is_done, why) = account(subject, &["remove", "anna"], "");
    checks.that(!is_done && why.contains("no such account"), || why.clone());
    checks.done();
}
