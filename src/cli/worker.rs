//! `worker`: serves the task queues until it is asked to stop.

use super::Exit;
use super::direct::{self, Serving};
use super::front::Front;
use super::service::{Service, StartError, address};
use super::stop::Stop;
use crate::config::{Config, Mode};
use crate::direct::Runs;
use crate::temporal::connect;
use crate::temporal::metrics::SdkMetrics;

pub async fn run(config: Config) -> Exit {
    let served = if config.direct.mode == Mode::Grpc { direct::run_alone(config).await } else { serve(config).await };
    match served {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!("{error}");
            error.exit
        }
    }
}

async fn serve(config: Config) -> Result<Exit, StartError> {
    let mut stop = Stop::listen().map_err(StartError::unreachable)?;
    let sdk = SdkMetrics::start().map_err(StartError::unreachable)?;
    let entrance = direct::open(&config).await?;
    let front = Front::open(&config, Some(&sdk)).await?;
    let address = address(&config.temporal);
    let client = tokio::select! {
        client = connect::patiently(&address, Some(sdk.for_client())) => client?,
        signal = stop.asked() => {
            tracing::info!(signal, "stopped before Temporal was reached");
            return Ok(Exit::Completed);
        }
    };
    let mut service = Service::start_behind(front, config, client, &sdk, None).await?;
    let serving = entrance.map(|entrance| Serving::start(entrance, Runs::Durable(service.durable.clone()), service.readiness.clone()));
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
