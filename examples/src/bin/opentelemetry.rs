//! Traces and metrics with OpenTelemetry, from a task of the app to each request that a call sends. They stay
//! in memory and are printed, so that no collector is needed.

#![allow(clippy::print_stdout)] // prints what an exporter would send

use std::error::Error;
use std::sync::Arc;

use cobo_auth::http::StatusCode;
use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{Answer, DEMO_ORG_ID, Sandbox};
use cobo_waas2::Waas2Client;
use metrics::{
    CounterFn, Gauge, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _};
use opentelemetry::trace::{SpanId, Status, TracerProvider as _};
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::Instrument as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Put the exporters of your collector here. These keep everything in memory.
    let spans = InMemorySpanExporter::default();
    let traces = SdkTracerProvider::builder()
        .with_batch_exporter(spans.clone())
        .build();
    let points = InMemoryMetricExporter::default();
    let meters = SdkMeterProvider::builder()
        .with_periodic_exporter(points.clone())
        .build();

    // Traces: spans of the crate `tracing` become spans of OpenTelemetry.
    let layer = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer("my-app"))
        .with_location(false) // no paths of the machine that built this program
        .with_filter(LevelFilter::INFO);
    tracing_subscriber::registry().with(layer).init();

    // Metrics: those of the crate `metrics` become metrics of OpenTelemetry.
    metrics::set_global_recorder(Bridge(meters.meter("my-app")))?;

    let sandbox = Sandbox::waas2().start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = Waas2Client::new(auth.with_credential(tokens.credential(DEMO_ORG_ID)));
    let unavailable = Answer::error(StatusCode::SERVICE_UNAVAILABLE, 2000);
    sandbox.script("list_wallets", [unavailable])?;

    // A call in a span of the app belongs to its trace.
    let wallets = client.list_wallets().limit(50).send();
    wallets
        .instrument(tracing::info_span!("daily report"))
        .await?;

    // Before the program ends: finish the requests for tokens, and send what was not sent yet.
    tokens.shutdown().await;
    traces.force_flush()?;
    meters.force_flush()?;

    print_spans(&spans.get_finished_spans()?, SpanId::INVALID, 0);
    points
        .get_finished_metrics()?
        .iter()
        .for_each(print_metrics);
    Ok(())
}

/// Passes the metrics of the crate `metrics` on to OpenTelemetry.
struct Bridge(Meter);

/// The upper ends of the histogram's buckets, in seconds. Those of OpenTelemetry are made for milliseconds.
const BUCKETS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Recorder for Bridge {
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let counter = self.0.u64_counter(key.name().to_owned()).build();
        metrics::Counter::from_arc(Labelled::new(counter, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let histogram = self.0.f64_histogram(key.name().to_owned()).with_unit("s");
        let histogram = histogram.with_boundaries(BUCKETS.to_vec()).build();
        metrics::Histogram::from_arc(Labelled::new(histogram, key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop() // the SDK has none
    }

    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
}

/// A counter or a histogram, with the labels of one series.
struct Labelled<T> {
    instrument: T,
    labels: Vec<KeyValue>,
}

impl<T> Labelled<T> {
    fn new(instrument: T, key: &Key) -> Arc<Self> {
        let labels = key
            .labels()
            .map(|label| KeyValue::new(label.key().to_owned(), label.value().to_owned()));
        let labels = labels.collect();
        Arc::new(Self { instrument, labels })
    }
}

impl CounterFn for Labelled<Counter<u64>> {
    fn increment(&self, value: u64) {
        self.instrument.add(value, &self.labels);
    }

    fn absolute(&self, _: u64) {} // the SDK only increments
}

impl HistogramFn for Labelled<Histogram<f64>> {
    fn record(&self, value: f64) {
        self.instrument.record(value, &self.labels);
    }
}

/// Prints the spans below `parent`, each with the spans below it.
fn print_spans(spans: &[SpanData], parent: SpanId, depth: usize) {
    for span in spans.iter().filter(|span| span.parent_span_id == parent) {
        let mut line = format!("{}{}", "  ".repeat(depth), span.name);
        for name in ["attempt", "http.response.status_code", "error.type"] {
            let mut attributes = span.attributes.iter();
            if let Some(found) = attributes.find(|attribute| attribute.key.as_str() == name) {
                line += &format!(" {name}={}", found.value);
            }
        }
        if matches!(span.status, Status::Error { .. }) {
            line += " status=Error";
        }
        println!("{line}");
        print_spans(spans, span.span_context.span_id(), depth + 1);
    }
}

/// Prints each counter, and how many values each histogram has.
fn print_metrics(measured: &ResourceMetrics) {
    let mut lines = Vec::new();
    for metric in measured.scope_metrics().flat_map(ScopeMetrics::metrics) {
        match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                let points = sum.data_points();
                lines.extend(
                    points.map(|point| line(metric.name(), point.attributes(), point.value())),
                );
            }
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                let points = histogram.data_points();
                lines.extend(
                    points.map(|point| line(metric.name(), point.attributes(), point.count())),
                );
            }
            _ => {}
        }
    }
    lines.sort();
    lines.iter().for_each(|line| println!("{line}"));
}

fn line<'a>(name: &str, labels: impl Iterator<Item = &'a KeyValue>, count: u64) -> String {
    let labels = labels.map(|label| format!("{}={}", label.key, label.value));
    let mut labels: Vec<_> = labels.collect();
    labels.sort();
    format!("{name}{{{}}} {count}", labels.join(","))
}
