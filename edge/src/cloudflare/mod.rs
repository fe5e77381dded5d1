//! Cloudflare Workers: `wasm32-unknown-unknown`, the entry point and one file a port.

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

use worker::Env;

use crate::{
    instance::Instance,
    platform::{Operator, Ports},
};

/// The ports of one request.
type Cloudflare = Ports<
    key_value::WorkersKv,
    object_store::R2,
    database::D1,
    outbound::Fetching,
    clock::WorkerClock,
    random::WebCrypto,
    settings::Bindings,
    Console,
>;

thread_local! {
    /// An isolate serves many requests, several at once, on its only thread. Plain bytes may be
    /// shared between them; handles of the runtime may not.
    static INSTANCE: Rc<Instance> = Rc::default();
}

fn ports(env: &Env) -> Cloudflare {
    Ports {
        key_value: key_value::WorkersKv(env.clone()),
        objects: object_store::R2(env.clone(), "MEDIA"),
        durable_objects: object_store::R2(env.clone(), "DURABLE"),
        database: database::D1(env.clone()),
        outbound: outbound::Fetching,
        clock: clock::WorkerClock,
        random: random::WebCrypto,
        settings: settings::Bindings(env.clone()),
        reports: Console,
        instance: INSTANCE.with(Rc::clone),
    }
}

struct Console;

impl Operator for Console {
    fn report(&self, message: &str) {
        worker::console_error!("firstframe: {message}");
    }
    fn note(&self, message: &str) {
        worker::console_log!("firstframe: {message}");
    }
}
