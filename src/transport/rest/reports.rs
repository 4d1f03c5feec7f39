//! Routes of reports.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::extract::{Caller, InRoom, JsonBody, OfMessage, OfReport, OptionalJsonBody, Params};
use super::problem::Problem;
use super::rooms::done;
use crate::error::Result;
use crate::model::{Limit, ReportOutcome};
use crate::transport::wire::{ReportJson, ReportsJson};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewReportJson {
    reason: Option<String>,
}

pub(super) async fn report(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfMessage(message): OfMessage,
    OptionalJsonBody(NewReportJson { reason }): OptionalJsonBody<NewReportJson>,
) -> Result<Response, Problem> {
    let report = caller.report(room, message, reason).await?;
    Ok((StatusCode::CREATED, Json(ReportJson::from(&report))).into_response())
}

pub(super) async fn list(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    params: Params,
) -> Result<Response, Problem> {
    let after = params.cursor()?;
    let page = caller.reports(room, after, params.limit(Limit::MESSAGES)?).await?;
    Ok(Json(ReportsJson::from(&page)).into_response())
}

#[derive(Deserialize)]
pub(super) struct ResolutionJson {
    outcome: ReportOutcome,
}

pub(super) async fn resolve(
    Caller(caller): Caller,
    InRoom(room): InRoom,
    OfReport(report): OfReport,
    JsonBody(ResolutionJson { outcome }): JsonBody<ResolutionJson>,
) -> Result<Response, Problem> {
    caller.resolve_report(room, report, outcome).await?;
    Ok(done(room))
}
