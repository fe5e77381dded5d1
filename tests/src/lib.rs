//! The harness of every test that runs against a deployment: it starts deployments and a provider of films,
//! publishes known content, and sends HTTP requests.

pub mod bytes;
pub mod deployment;
pub mod fixture;
pub mod http;
pub mod nginx;
pub mod process;
pub mod s3;
pub mod server;
pub mod tls_front;
pub mod upstream;
