//! What the doors count. The registry is handed in, so that each test has its own. No label carries an id.

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::auth::JwksMetrics;

/// The counters and gauges of one server.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: HistogramVec,
    pub(crate) driver_sockets: SocketMetrics,
    pub(crate) trip_sockets: SocketMetrics,
    pub(crate) bad_messages: IntCounterVec,
    pub(crate) refused_tokens: IntCounterVec,
    pub(crate) pings_from_the_future: IntCounter,
    pub(crate) pings_caught_up: IntCounter,
    pub(crate) event_streams: IntGauge,
    pub(crate) connections: IntGauge,
    pub(crate) connections_refused: IntCounter,
    pub(crate) panics: IntCounter,
    pub(crate) jwks: JwksMetrics,
    pub(crate) rate_limited: IntCounterVec,
    pub(crate) certificate_reloads: IntCounterVec,
    /// Without a label, and without a value where there is no certificate.
    pub(crate) certificate_ends_in: IntGaugeVec,
}

/// The counters of one kind of WebSocket, looked up once: a position must not pay for a search among labels.
#[derive(Clone, Debug)]
pub(crate) struct SocketMetrics {
    kind: &'static str,
    pub(crate) open: IntGauge,
    pub(crate) frames_in: IntCounter,
    pub(crate) frames_out: IntCounter,
    closed: IntCounterVec,
}

impl SocketMetrics {
    /// Counts an end.
    pub(crate) fn closed(&self, reason: &str) {
        self.closed.with_label_values(&[self.kind, reason]).inc();
    }
}

impl Metrics {
    /// Registers everything.
    ///
    /// # Errors
    /// When the registry already holds a metric of one of these names: one server per registry.
    pub(crate) fn register(registry: &Registry) -> Result<Metrics, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let made = IntCounter::new(name, help)?;
            registry.register(Box::new(made.clone())).map(|()| made)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let made = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(made.clone())).map(|()| made)
        };
        let buckets = prometheus::exponential_buckets(0.000_5, 2.0, 15)?;
        let public_keys = IntGauge::new("gateway_public_keys", "Public keys of jwt_jwks that are taken")?;
        registry.register(Box::new(public_keys.clone()))?;
        let help = "Until the first certificate of tls.certificate ends; negative when it has";
        let certificate_ends_in = IntGaugeVec::new(Opts::new("gateway_certificate_ends_in_seconds", help), &[])?;
        registry.register(Box::new(certificate_ends_in.clone()))?;
        let help = "Time from the head of a request to its answer, by route";
        let requests = HistogramVec::new(
            HistogramOpts::new("gateway_http_request_seconds", help).buckets(buckets),
            &["route", "method", "status"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        let connections = IntGauge::new("gateway_connections_open", "TCP connections open")?;
        registry.register(Box::new(connections.clone()))?;
        let event_streams = IntGauge::new("gateway_event_streams_open", "Trips watched by server-sent events")?;
        registry.register(Box::new(event_streams.clone()))?;
        let sockets = IntGaugeVec::new(Opts::new("gateway_sockets_open", "WebSockets open, by kind"), &["kind"])?;
        registry.register(Box::new(sockets.clone()))?;
        let frames_in = counters("gateway_frames_in_total", "Frames received, by kind of socket", &["kind"])?;
        let frames_out = counters("gateway_frames_out_total", "Frames sent, by kind of socket", &["kind"])?;
        let closed =
            counters("gateway_sockets_closed_total", "WebSockets closed, by kind and reason", &["kind", "reason"])?;
        let sockets_of = |kind| SocketMetrics {
            kind,
            open: sockets.with_label_values(&[kind]),
            frames_in: frames_in.with_label_values(&[kind]),
            frames_out: frames_out.with_label_values(&[kind]),
            closed: closed.clone(),
        };
        Ok(Metrics {
            registry: registry.clone(),
            requests,
            driver_sockets: sockets_of("driver"),
            trip_sockets: sockets_of("trip"),
            bad_messages: counters("gateway_bad_messages_total", "Messages and bodies refused", &["code"])?,
            refused_tokens: counters("gateway_auth_failures_total", "Tokens refused, by reason", &["reason"])?,
            pings_from_the_future: counter(
                "gateway_pings_from_the_future_total",
                "Positions measured more than 5 s ahead of the city's clock and set back to it",
            )?,
            pings_caught_up: counter(
                "gateway_pings_caught_up_total",
                "Positions that came in a batch after a later one was known: acknowledged, and of no account",
            )?,
            event_streams,
            connections,
            connections_refused: counter("gateway_connections_refused_total", "Connections above the limit")?,
            jwks: JwksMetrics {
                read: counters("gateway_jwks_reads_total", "Readings of jwt_jwks, by result", &["result"])?,
                keys: public_keys,
            },
            rate_limited: counters(
                "gateway_rate_limited_total",
                "Requests, sockets and frames above a limit of a person, an address or a socket",
                &["limit"],
            )?,
            certificate_reloads: counters(
                "gateway_certificate_reloads_total",
                "Changed files of tls.certificate and tls.key, by result",
                &["result"],
            )?,
            certificate_ends_in,
            panics: counter("gateway_panics_total", "Requests that ended in a panic: each is a bug")?,
        })
    }

    /// Everything the registry holds, as Prometheus reads it.
    pub(crate) fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}
