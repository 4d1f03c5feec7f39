//! A chat server in one command: REST, WebSocket, Socket.IO and a page on one port, everything in one file or in
//! PostgreSQL.

mod args;
mod blobs;
mod check;
mod config;
mod doors;
mod health;
mod keys;
mod metrics;
mod page;
mod print;
mod serve;
mod tables;
mod tls;
mod transfer;

use std::process::ExitCode;
use std::sync::Arc;

use args::{Args, PolicyName};
use axum::Router;
use blobs::Blobs;
use chat_core::bus::NatsBus;
use chat_core::bus::nats::NatsOptions;
use chat_core::policy::{FriendsOnly, Open};
use chat_core::store::{MemoryStore, PostgresStore, SqliteStore, Store};
use chat_core::transport::{Origins, openapi, rest, socketio, ws};
use chat_core::{ChatEngine, Config};
use config::Settings;
use keys::Keys;
use tls::Tls;

/// A message takes it a fifth less of the server's own time than the C library's, and a connection no more memory: see
/// `benches/README.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn failed(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Failure {
    format!("{what}: {error}").into()
}

fn main() -> ExitCode {
    match tokio::runtime::Runtime::new() {
        // In a task, for whatever runs outside of one shares no worker's queue.
        Ok(runtime) => runtime.block_on(async { tokio::spawn(start()).await.unwrap_or(ExitCode::FAILURE) }),
        Err(error) => {
            eprintln!("error: the runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    // Neither texts nor tokens are logged at any level, by this code or by what it stands on: see tests/it/seen.rs.
    let filter = filter.unwrap_or_else(|_| "warn,chat_core=info".into());
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).init();
    let done = match Settings::load() {
        Ok(settings) => run(settings).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), Failure> {
    let args = &settings.args;
    if args.print_config {
        print!("{}", settings.print());
        return Ok(());
    }
    if args.check {
        return check::check(args).await;
    }
    let store: Arc<dyn Store> = match args.db.as_str() {
        "memory" => Arc::new(MemoryStore::new()),
        url if args.is_postgres() => {
            let connected = PostgresStore::connect(url).await;
            Arc::new(connected.map_err(|error| failed("the database in --db", chain(&error)))?)
        }
        path => Arc::new(SqliteStore::open(path).await.map_err(|error| failed(path, chain(&error)))?),
    };
    match (&args.export, &args.import) {
        (Some(file), _) => return transfer::export(store, file.as_path().into()).await,
        (_, Some(file)) => return transfer::import(store, file.as_path().into()).await,
        (None, None) => {}
    }
    if args.restored {
        let rotated = store.rotate_epoch().await;
        rotated.map_err(|error| failed("the database in --db", chain(&error)))?;
        println!("what clients know of the database is void: each of them reloads when it comes back");
        return Ok(());
    }
    let keys = Keys::load(args)?;
    let metrics = metrics::router(metrics::install()?);
    let tls = Tls::load(args)?;
    let mut config = Config::default();
    settings.engine.apply(&mut config);
    config.rate_limits = settings.limits.rates(args.is_dev());
    config.public_url = args.public_url.trim_end_matches('/').to_owned();
    let blobs = Blobs::open(args)?;
    let engine = ChatEngine::builder().config(config).authenticator(keys.authenticator);
    let engine = engine.shared_store(store.clone()).shared_blobs(blobs.store());
    let engine = match keys.link_key {
        Some(key) => engine.link_key(key),
        None => engine,
    };
    let engine = match args.policy {
        PolicyName::Open => engine.policy(Open),
        PolicyName::Friends => engine.policy(FriendsOnly::in_store(store.clone())),
    };
    // An app has rules of its own.
    let doors = doors::Doors { store: store.clone(), review: args.review };
    let engine = if args.is_dev() { engine.hooks(doors) } else { engine };
    let bus = bus(args).await?;
    let engine = match bus.clone() {
        Some(bus) => engine.bus(bus),
        None => engine,
    };
    let engine = engine.build().await?;

    let origins = match args.is_dev() {
        true if args.origins.is_empty() => Origins::Any,
        _ => Origins::Only(args.origins.clone()),
    };
    let mut options = rest::RestOptions::default().with_origins(origins.clone());
    if let Some(tokens) = keys.dev_tokens {
        options = options.with_dev_tokens(tokens);
    }
    let documents = openapi::router(engine.clone(), options.clone());
    // What can be asked for over HTTP can be called for over both sockets.
    let callee = rest::callee(engine.clone(), options.clone());
    let ws = ws::WsOptions::default().with_origins(origins.clone()).with_callee(callee.clone());
    let api = rest::router(engine.clone(), options).merge(ws::router(engine.clone(), ws));
    let api = api.merge(documents);
    let socketio = socketio::SocketIoOptions::default().with_origins(origins).with_callee(callee);
    let app = Router::new().nest("/api", api).merge(socketio::router(engine.clone(), socketio));
    let health = health::router(store, bus.clone(), args.node_id);
    let app = app.merge(health).merge(page::router());
    let app = match args.metrics_addr {
        None => app.merge(metrics),
        Some(addr) => {
            let listener = listen(addr)?;
            println!("metrics: http://{}/metrics", listener.local_addr()?);
            tokio::spawn(serve::serve_aside(listener, metrics));
            app
        }
    };

    let listener = listen(args.addr)?;
    let addr = listener.local_addr()?;
    if args.is_dev() {
        eprintln!("DEVELOPMENT MODE: anybody who reaches {addr} can be anybody. Give a key for production.");
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("chat-core {} is ready: {scheme}://{addr}", env!("CARGO_PKG_VERSION"));
    serve::serve(listener, app, tls, &engine).await?;
    if let Some(bus) = bus {
        bus.close().await;
    }
    Ok(())
}

fn listen(addr: std::net::SocketAddr) -> Result<tokio::net::TcpListener, Failure> {
    serve::listen(addr).map_err(|error| failed(format!("cannot listen on {addr}"), error))
}

/// What tells the other nodes, if there are any. That NATS is away yet keeps nobody from starting.
async fn bus(args: &Args) -> Result<Option<NatsBus>, Failure> {
    if args.nats.is_empty() {
        return Ok(None);
    }
    let mut options = NatsOptions::at(args.nats.clone());
    options.name = format!("chat-core node {}", args.node_id);
    let connected = NatsBus::connect_with(options).await;
    Ok(Some(connected.map_err(|error| failed("NATS in --nats", chain(&error)))?))
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
