/** CreatePipe, DescribePipe, UpdatePipe, DeletePipe, ListPipes, StartPipe and StopPipe. */

import {
  CreatePipe$,
  type CreatePipeCommand,
  DeletePipe$,
  type DeletePipeCommand,
  DescribePipe$,
  type DescribePipeCommand,
  ListPipes$,
  type ListPipesCommand,
  type Pipe,
  type PipeLogConfiguration,
  type PipeLogConfigurationParameters,
  type PipeSourceKinesisStreamParameters,
  type PipeSourceParameters,
  StartPipe$,
  type StartPipeCommand,
  StopPipe$,
  type StopPipeCommand,
  UpdatePipe$,
  type UpdatePipeCommand,
  type UpdatePipeCommandInput,
} from "@aws-sdk/client-pipes";
import { decodeToken, encodeToken } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { checked } from "./definition-checks.ts";
import { conflict, tooManyPipes, validation } from "./errors.ts";
import { operation } from "./pipes.ts";
import { targetPlace } from "./places.ts";
import type { PipeDefinition, PipeRow } from "./tables.ts";

const maxPipes = 1000;
const defaultPage = 100;

export const createPipe = operation<CreatePipeCommand>(CreatePipe$, (input, context) => {
  const { service, account, region } = context;
  const name = input.Name as string;
  const { parameters, startingMs } = withoutTimestamp((input.SourceParameters ?? {}) as PipeSourceParameters);
  const definition = checked({
    description: input.Description,
    source: input.Source as string,
    sourceParameters: parameters,
    startingMs,
    enrichment: input.Enrichment || undefined,
    enrichmentParameters: input.EnrichmentParameters,
    target: input.Target as string,
    targetParameters: input.TargetParameters,
    roleArn: input.RoleArn as string,
    logConfiguration: logConfiguration(input.LogConfiguration),
    kmsKeyIdentifier: input.KmsKeyIdentifier || undefined,
  });
  const arn = service.arnOf(context, name);
  if (service.pipes.has(arn)) throw conflict(name, `Pipe ${name} already exists.`);
  if (service.pipes.by.name.size(placeKey({ account, region })) >= maxPipes) throw tooManyPipes(name, maxPipes);
  const { now } = service;
  return brief(
    service.lifecycle.begin({
      ...definition,
      arn,
      account,
      region,
      name,
      desiredState: input.DesiredState ?? "RUNNING",
      currentState: "CREATING",
      stateReason: undefined,
      tags: { ...input.Tags },
      createdMs: now,
      modifiedMs: now,
      serial: service.deps.store.nextSerial(),
    }),
  );
});

export const describePipe = operation<DescribePipeCommand>(DescribePipe$, (input, context) => {
  const pipe = context.service.pipe(context, input.Name as string);
  return {
    ...brief(pipe),
    Description: pipe.description,
    StateReason: pipe.stateReason,
    Source: pipe.source,
    SourceParameters: withTimestamp(pipe),
    Enrichment: pipe.enrichment,
    EnrichmentParameters: pipe.enrichmentParameters,
    Target: pipe.target,
    TargetParameters: pipe.targetParameters,
    RoleArn: pipe.roleArn,
    LogConfiguration: pipe.logConfiguration,
    KmsKeyIdentifier: pipe.kmsKeyIdentifier,
    Tags: Object.keys(pipe.tags).length > 0 ? { ...pipe.tags } : undefined,
  };
});

export const updatePipe = operation<UpdatePipeCommand>(UpdatePipe$, (input, context) => {
  const { service } = context;
  const pipe = atRest(service.pipe(context, input.Name as string));
  const definition = checked(updated(pipe, input as UpdatePipeCommandInput));
  return brief(
    service.lifecycle.begin({
      ...pipe,
      ...definition,
      desiredState: input.DesiredState ?? pipe.desiredState,
      currentState: "UPDATING",
      modifiedMs: service.now,
    }),
  );
});

export const deletePipe = operation<DeletePipeCommand>(DeletePipe$, (input, context) => {
  const { service } = context;
  const pipe = atRest(service.pipe(context, input.Name as string));
  const state = { desiredState: "DELETED", currentState: "DELETING" } as const;
  return brief(service.lifecycle.begin({ ...pipe, ...state, modifiedMs: service.now }));
});

export const startPipe = operation<StartPipeCommand>(StartPipe$, (input, context) => {
  const { service } = context;
  const pipe = atRest(service.pipe(context, input.Name as string));
  if (pipe.currentState === "RUNNING") return brief(pipe);
  const state = { desiredState: "RUNNING", currentState: "STARTING" } as const;
  return brief(service.lifecycle.begin({ ...pipe, ...state, modifiedMs: service.now }));
});

export const stopPipe = operation<StopPipeCommand>(StopPipe$, (input, context) => {
  const { service } = context;
  const pipe = atRest(service.pipe(context, input.Name as string));
  if (pipe.currentState === "STOPPED") return brief(pipe);
  const state = { desiredState: "STOPPED", currentState: "STOPPING" } as const;
  return brief(service.lifecycle.begin({ ...pipe, ...state, modifiedMs: service.now }));
});

export const listPipes = operation<ListPipesCommand>(ListPipes$, (input, context) => {
  const { service, account, region } = context;
  const { NamePrefix: prefix = "", Limit: limit = defaultPage, NextToken: token } = input;
  const after = token === undefined ? undefined : decodeToken(token);
  if (after !== undefined && typeof after !== "string") throw validation("Invalid NextToken.");
  if (token !== undefined && after === undefined) throw validation("Invalid NextToken.");
  const found: Pipe[] = [];
  const bounds = after === undefined ? { gte: prefix } : { gt: after };
  for (const pipe of service.pipes.by.name.range(placeKey({ account, region }), bounds)) {
    if (!pipe.name.startsWith(prefix)) break;
    if (input.DesiredState !== undefined && pipe.desiredState !== input.DesiredState) continue;
    if (input.CurrentState !== undefined && pipe.currentState !== input.CurrentState) continue;
    if (!pipe.source.startsWith(input.SourcePrefix ?? "") || !pipe.target.startsWith(input.TargetPrefix ?? ""))
      continue;
    if (found.length === limit) return { Pipes: found, NextToken: encodeToken(found.at(-1)?.Name) };
    found.push({
      ...brief(pipe),
      StateReason: pipe.stateReason,
      Source: pipe.source,
      Target: pipe.target,
      Enrichment: pipe.enrichment,
    });
  }
  return { Pipes: found, NextToken: undefined };
});

/** @throws AwsError ConflictException while the pipe is in an intermediate state. */
function atRest(pipe: PipeRow): PipeRow {
  if (!/ING$/.test(pipe.currentState) || pipe.currentState === "RUNNING") return pipe;
  throw conflict(pipe.name, `Pipe ${pipe.name} is in the ${pipe.currentState} state; try again when it has left it.`);
}

function brief(pipe: PipeRow) {
  return {
    Arn: pipe.arn,
    Name: pipe.name,
    // Most answers' model lacks DELETED, but they contain it all the same.
    DesiredState: pipe.desiredState as "RUNNING",
    CurrentState: pipe.currentState,
    CreationTime: new Date(pipe.createdMs),
    LastModifiedTime: new Date(pipe.modifiedMs),
  };
}

/** The definition after an update: what the request omits stays, and blocks it has replace the old ones entirely. */
function updated(pipe: PipeRow, input: UpdatePipeCommandInput): PipeDefinition {
  const { KinesisStreamParameters: stream, ...sources } = input.SourceParameters ?? {};
  const old = pipe.sourceParameters;
  const sourceParameters: PipeSourceParameters = { ...old, ...(sources as PipeSourceParameters) };
  if (stream !== undefined) {
    // An update has no starting position: the pipe keeps the one it was created with.
    const StartingPosition = old.KinesisStreamParameters?.StartingPosition;
    sourceParameters.KinesisStreamParameters = { ...stream, StartingPosition };
  }
  const target = input.Target ?? pipe.target;
  const enrichment = input.Enrichment === undefined ? pipe.enrichment : input.Enrichment || undefined;
  return {
    description: input.Description ?? pipe.description,
    source: pipe.source,
    sourceParameters,
    startingMs: pipe.startingMs,
    enrichment,
    enrichmentParameters:
      enrichment === undefined
        ? input.EnrichmentParameters
        : withoutEmptyTemplate({ ...pipe.enrichmentParameters, ...input.EnrichmentParameters }),
    target,
    targetParameters: withoutEmptyTemplate({ ...fitting(pipe, target), ...input.TargetParameters }),
    roleArn: input.RoleArn as string,
    logConfiguration: logConfiguration(input.LogConfiguration) ?? pipe.logConfiguration,
    kmsKeyIdentifier:
      input.KmsKeyIdentifier === undefined ? pipe.kmsKeyIdentifier : input.KmsKeyIdentifier || undefined,
  };
}

/** Those of the old target's parameters that apply to another target. */
function fitting({ targetParameters, target: old }: PipeRow, target: string): PipeRow["targetParameters"] {
  if (targetParameters === undefined || targetPlace(old)?.block === targetPlace(target)?.block) return targetParameters;
  const { InputTemplate } = targetParameters;
  return InputTemplate === undefined ? undefined : { InputTemplate };
}

function withoutEmptyTemplate<T extends { InputTemplate?: string | undefined }>(parameters: T): T | undefined {
  const { InputTemplate, ...rest } = parameters;
  const kept = (InputTemplate ? parameters : rest) as T;
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/** Rows hold no dates: the timestamp is stored beside the parameters. */
function withoutTimestamp(given: PipeSourceParameters) {
  const { KinesisStreamParameters: stream } = given;
  if (stream?.StartingPositionTimestamp === undefined) return { parameters: given, startingMs: undefined };
  const { StartingPositionTimestamp, ...rest } = stream;
  return { parameters: { ...given, KinesisStreamParameters: rest }, startingMs: StartingPositionTimestamp.getTime() };
}

function withTimestamp({ sourceParameters, startingMs }: PipeRow): PipeSourceParameters {
  if (startingMs === undefined) return sourceParameters;
  const stream = sourceParameters.KinesisStreamParameters as PipeSourceKinesisStreamParameters;
  const StartingPositionTimestamp = new Date(startingMs);
  return { ...sourceParameters, KinesisStreamParameters: { ...stream, StartingPositionTimestamp } };
}

/** Both shapes have the same members under the same names. */
function logConfiguration(given: PipeLogConfigurationParameters | undefined): PipeLogConfiguration | undefined {
  return given;
}
