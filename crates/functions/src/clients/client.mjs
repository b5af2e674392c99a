// Fluoro's runtime client for Node.js: asks the Runtime API for events and hands them to the function's handler.
//
// Run as `node client.mjs {file.export}`. Behaves as AWS's own client does, where a function or its caller can tell:
// names and texts of errors, the context object, callbacks and promises, the form of log lines, exit statuses.

import fs from 'node:fs';
import http from 'node:http';
import module from 'node:module';
import path from 'node:path';
import { format } from 'node:util';
import { pathToFileURL } from 'node:url';

const BASE = '/2018-06-01/runtime';
const CAUSE_LIMIT = 1024 * 1024;
const UNHANDLED_REJECTION_STATUS = 128;
const UNCAUGHT_EXCEPTION_STATUS = 129;

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const realExit = process.exit.bind(process);

/** The invocation that runs, or undefined while the module loads and between invocations. */
let current;

class Refused extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// --- the Runtime API

function call(method, suffix, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const data = body === undefined ? undefined : Buffer.from(body);
    if (data) headers = { 'Content-Type': 'application/json', 'Content-Length': data.length, ...headers };
    const request = http.request({ host, port, agent, method, path: BASE + suffix, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    });
    request.on('error', reject);
    request.end(data);
  });
}

function fail(suffix, error) {
  const document = described(error);
  const headers = { 'Lambda-Runtime-Function-Error-Type': document.errorType.replace(/[^\x20-\x7e]/g, '?') };
  const cause = ascii(JSON.stringify(xrayCause(error, document)));
  if (cause.length < CAUSE_LIMIT) headers['Lambda-Runtime-Function-XRay-Error-Cause'] = cause;
  return call('POST', suffix, JSON.stringify(document), headers);
}

/** JSON that fits a header. */
function ascii(json) {
  return json.replace(/[\u007f-\uffff]/g, (unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

// --- errors

function isError(value) {
  return value !== null && typeof value === 'object' && typeof value.name === 'string' && 'message' in value;
}

function described(error) {
  if (!isError(error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return { errorType: error.name, errorMessage: String(error.message), trace: String(error.stack ?? '').split('\n') };
}

function xrayCause(error, document) {
  const stack = document.trace.slice(1).map(frame).filter(Boolean);
  const exception = { type: document.errorType, message: document.errorMessage, stack };
  return {
    working_directory: process.cwd(),
    exceptions: [exception],
    paths: [...new Set(stack.map((one) => one.path).filter(Boolean))],
  };
}

/** A line of `Error.stack`: `    at label (path:line:column)` or `    at path:line:column`. */
function frame(line) {
  const found = /^\s*at (?:(.*?) )?\(?((?:file:\/\/)?[^()]*?)(?::(\d+))?(?::\d+)?\)?$/.exec(line);
  if (!found) return undefined;
  const [, label, where, number] = found;
  return { path: where.replace(/^file:\/\//, ''), line: number ? Number(number) : null, label: label || 'anonymous' };
}

// --- logs

function write(level, text) {
  const line = [new Date().toISOString(), current?.id, level, text].join('\t');
  // A carriage return keeps a message with several lines one log event. Written at once, so that it comes before the
  // response and survives an exit.
  writeFully(line.replace(/\n/g, '\r') + '\n');
}

function writeFully(text) {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function patchConsole() {
  const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE' };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...values) => write(level, format(...values));
  }
  console.fatal = (...values) => write('FATAL', format(...values));
}

function logError(what, error) {
  const { errorType, errorMessage, trace } = described(error);
  const own = isError(error) ? Object.fromEntries(Object.entries(error)) : {};
  let text;
  try {
    text = JSON.stringify({ errorType, errorMessage, ...own, stack: trace });
  } catch {
    text = JSON.stringify({ errorType, errorMessage, stack: trace });
  }
  write('ERROR', `${what}\t${text}`);
}

// --- loading

const root = process.env.LAMBDA_TASK_ROOT;

async function load(handlerString) {
  if (handlerString.includes('..')) {
    throw new Refused('Runtime.MalformedHandlerName', `'${handlerString}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const base = path.basename(handlerString);
  const directory = handlerString.slice(0, handlerString.length - base.length);
  const parts = /^([^.]*)\.(.*)$/.exec(base);
  if (!parts) throw new Refused('Runtime.MalformedHandlerName', 'Bad handler');
  const [, file, name] = parts;
  const loaded = await loadModule(directory, file);
  const owner = name.split('.').reduce((value, key) => value?.[key], loaded)
    ?? name.split('.').reduce((value, key) => value?.[key], loaded?.default);
  if (owner === undefined) {
    throw new Refused('Runtime.HandlerNotFound', `${handlerString} is undefined or not exported`);
  }
  if (typeof owner !== 'function') {
    throw new Refused('Runtime.HandlerNotFound', `${handlerString} is not a function`);
  }
  return owner;
}

async function loadModule(directory, file) {
  const wanted = path.resolve(root, directory, file);
  const found = [wanted, `${wanted}.js`, `${wanted}.mjs`, `${wanted}.cjs`].find(isFile) ?? resolveAsPackage(directory, file);
  try {
    return isModule(found) ? await importModule(found) : module.createRequire(found)(found);
  } catch (error) {
    if (error instanceof SyntaxError) {
      const refusal = new Refused('Runtime.UserCodeSyntaxError', String(error));
      refusal.stack = error.stack;
      throw refusal;
    }
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw importError(error);
    }
    if (error?.code === 'ERR_REQUIRE_ASYNC_MODULE' || error?.code === 'ERR_REQUIRE_ESM') {
      return importModule(found);
    }
    throw error;
  }
}

function importError(error) {
  const refusal = new Refused('Runtime.ImportModuleError', String(error));
  refusal.stack = `Runtime.ImportModuleError: ${error.stack}`;
  return refusal;
}

function resolveAsPackage(directory, file) {
  const name = directory ? `./${path.join(directory, file)}` : file;
  try {
    return module.createRequire(path.join(root, 'noop.js')).resolve(name);
  } catch {
    const error = new Error(`Cannot find module '${file}'\nRequire stack:\n- ${path.join(root, 'noop.js')}`);
    throw importError(error);
  }
}

function isFile(candidate) {
  return fs.statSync(candidate, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isModule(file) {
  if (file.endsWith('.mjs')) return true;
  if (file.endsWith('.cjs')) return false;
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    const manifest = path.join(directory, 'package.json');
    if (isFile(manifest)) return JSON.parse(fs.readFileSync(manifest, 'utf8')).type === 'module';
    if (directory === root || directory === path.dirname(directory)) return false;
  }
}

/** Node.js looks into NODE_PATH for `require` only; functions may `import` from there too. */
function importModule(file) {
  if (process.env.NODE_PATH && module.register) module.register('./resolve.mjs', import.meta.url);
  return import(pathToFileURL(file).href);
}

// --- invocations

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const parsed = (name) => (headers[name] ? JSON.parse(Buffer.from(headers[name], 'latin1').toString('utf8')) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed('lambda-runtime-client-context'),
    identity: parsed('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** Resolves with the handler's result, however it gives it: promise, callback, or the old methods of the context. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const later = (settle) => {
      // A callback's result is sent when nothing else is left to do, unless the function says otherwise.
      if (context.callbackWaitsForEmptyEventLoop) current.onIdle = settle;
      else settle();
    };
    const callback = (error, result) => later(() => (error === null || error === undefined ? resolve(result) : reject(error)));
    context.done = (error, result) => {
      context.callbackWaitsForEmptyEventLoop = false;
      callback(error, result);
    };
    context.succeed = (result) => context.done(null, result);
    context.fail = (error) => context.done(error ?? 'handled');
    // Nothing is left to do and nothing was said: the result is null.
    current.onIdle = () => resolve(null);
    const returned = handler(event, context, callback);
    if (typeof returned?.then === 'function') returned.then(resolve, reject);
  });
}

function serialized(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

async function serve(handler) {
  for (;;) {
    const { status, headers, body } = await call('GET', '/invocation/next');
    if (status !== 200) throw new Error(`the Runtime API answered ${status}: ${body}`);
    const id = headers['lambda-runtime-aws-request-id'];
    const trace = headers['lambda-runtime-trace-id'];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
    current = { id, headers };
    try {
      const text = serialized(await run(handler, JSON.parse(body.toString('utf8')), contextOf(headers)));
      current.onIdle = undefined;
      await call('POST', `/invocation/${id}/response`, text);
    } catch (error) {
      logError('Invoke Error ', error);
      await fail(`/invocation/${id}/error`, error);
    }
    current = undefined;
  }
}

// --- the process

process.on('beforeExit', () => current?.onIdle?.());

async function end(what, error, status) {
  logError(what, error);
  const suffix = current ? `/invocation/${current.id}/error` : '/init/error';
  await fail(suffix, error).catch(() => {});
  realExit(status);
}

process.on('uncaughtException', (error) => end('Uncaught Exception ', error, UNCAUGHT_EXCEPTION_STATUS));
process.on('unhandledRejection', (reason) => {
  const error = new Refused('Runtime.UnhandledPromiseRejection', String(reason));
  error.reason = isError(reason) ? described(reason) : reason;
  error.stack = `${error.name}: ${error.message}\n${isError(reason) ? reason.stack : ''}`.trimEnd();
  return end('Unhandled Promise Rejection ', error, UNHANDLED_REJECTION_STATUS);
});

globalThis.awslambda = {
  InvokeStore: {
    getRequestId: () => current?.id ?? '-',
    getXRayTraceId: () => (current ? process.env._X_AMZN_TRACE_ID : undefined),
    getTenantId: () => current?.headers['lambda-runtime-aws-tenant-id'],
    hasContext: () => current !== undefined,
  },
  streamifyResponse() {
    throw new Error('awslambda.streamifyResponse: streaming responses are not supported here yet');
  },
};

patchConsole();
let handler;
try {
  handler = await load(process.argv[2]);
} catch (error) {
  await end('Uncaught Exception ', error, 1);
}
await serve(handler);
