//! Spin: `wasm32-wasip2` with WASI HTTP 0.3, the entry point and one file a port.

mod clock;
mod convert;
mod database;
mod entry;
mod key_value;
mod object_store;
mod outbound;
mod random;
mod settings;

use std::rc::Rc;

use crate::{
    instance::Instance,
    platform::{Operator, Ports},
};

/// The ports of one request.
type Spin = Ports<
    key_value::SpinKeyValue,
    object_store::S3,
    database::SpinDatabase,
    outbound::WasiOutbound,
    clock::WasiClock,
    random::WasiRandom,
    settings::SpinSettings,
    Stdio,
>;

thread_local! {
    /// An instance serves many requests, several at once, on its only thread.
    static INSTANCE: Rc<Instance> = Rc::default();
}

fn ports() -> Spin {
    Ports {
        key_value: key_value::SpinKeyValue,
        objects: object_store::S3("s3"),
        durable_objects: object_store::S3("durable_s3"),
        database: database::SpinDatabase,
        outbound: outbound::WasiOutbound,
        clock: clock::WasiClock,
        random: random::WasiRandom,
        settings: settings::SpinSettings,
        reports: Stdio,
        instance: INSTANCE.with(Rc::clone),
    }
}

struct Stdio;

impl Operator for Stdio {
    #[expect(clippy::print_stderr, reason = "Spin gathers what a component writes there")]
    fn report(&self, message: &str) {
        eprintln!("firstframe: {message}");
    }

    #[expect(clippy::print_stdout, reason = "Spin gathers what a component writes there")]
    fn note(&self, message: &str) {
        println!("firstframe: {message}");
    }
}
