//! `worker`: serves the task queues until it is asked to stop.

use super::Exit;
use super::direct::{self, Serving};
use super::front::Front;
use super::reload::{Hangups, LogReload, Reload};
use super::service::{Service, StartError, address};
use super::stop::Stop;
use crate::config::{Config, Mode};
use crate::direct::Runs;
use crate::temporal::connect;
use crate::temporal::metrics::SdkMetrics;

pub async fn run(config: Config, log: LogReload) -> Exit {
    let served = if config.direct.mode == Mode::Grpc { direct::run_alone(config).await } else { serve(config, log).await };
    match served {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!("{error}");
            error.exit
        }
    }
}

async fn serve(config: Config, log: LogReload) -> Result<Exit, StartError> {
    let mut stop = Stop::listen().map_err(StartError::unreachable)?;
    let hangups = Hangups::listen().map_err(StartError::unreachable)?;
    let sdk = SdkMetrics::start().map_err(StartError::unreachable)?;
    let entrance = direct::open(&config).await?;
    let front = Front::open(&config, Some(&sdk)).await?;
    let address = address(&config.temporal);
    let connected = tokio::select! {
        connected = connect::patiently(&address, Some(sdk.for_client())) => connected?,
        signal = stop.asked() => {
            tracing::info!(signal, "stopped before Temporal was reached");
            return Ok(Exit::Completed);
        }
    };
    let client = connected.client;
    let key = address.api_key_file.as_deref().map(|file| Reload::temporal_api_key(file, client.clone()));
    let reloads = connected.tls.map(Reload::temporal_tls).into_iter().chain(key).collect();
    let mut service = Service::start_behind(front, config, client, &sdk, None).await?;
    service.reload(reloads, Some(log), Some(hangups));
    let serving =
        entrance.map(|entrance| Serving::start(entrance, Runs::Durable(Box::new(service.durable.clone())), service.readiness.clone()));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "worker started");
    tokio::select! {
        signal = stop.asked() => tracing::info!(signal, "stopping: no new work; running activities may end within the grace period"),
        reason = service.failure() => {
            tracing::error!(%reason, "stopping: a worker has ended by itself");
            stop_all(serving, service).await;
            return Ok(Exit::Unreachable);
        }
    }
    tokio::select! {
        in_time = stop_all(serving, service) => tracing::info!(in_time, "stopped"),
        signal = stop.asked() => tracing::warn!(signal, "stopped at once"),
    }
    Ok(Exit::Completed)
}

/// First who brings new work, then those who do it.
async fn stop_all(serving: Option<Serving>, service: Service) -> bool {
    if let Some(serving) = serving {
        serving.stop().await;
    }
    service.stop().await
}
