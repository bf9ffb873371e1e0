// The front of the demo API server: one HTTP request in, one Kubernetes answer out. Authentication, authorization,
// discovery, and the way to reads, writes and subresources. Every refusal leaves as a Status object.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KubeObject } from '../storage/kube-object.ts'
import {
  badRequest,
  KubeError,
  methodNotAllowed,
  noSuchPath,
  notAcceptable,
  notFound,
  unauthorized,
} from '../storage/kube-status.ts'
import type { AcceptedForm } from '../table/table-printer.ts'
import { acceptedForm, columnsOf, metadataOnly, printTable } from '../table/table-printer.ts'
import type { AccessRequest, KubeUser } from './access.ts'
import { authenticate, authorize } from './access.ts'
import { answerReview } from './access-reviews.ts'
import type { ApiContext } from './api-context.ts'
import { answerDiscovery } from './discovery-routes.ts'
import { viewOf } from './event-view.ts'
import { evictPod } from './eviction.ts'
import { listPage, objectTest } from './list-pages.ts'
import { deleteCollection, deleteObject } from './object-deletion.ts'
import { createObject, existing, patchObject, replaceObject } from './object-writes.ts'
import { contentTypeOf, parseBody, readText } from './request-body.ts'
import type { ResourceRequest } from './request-info.ts'
import { parseResourcePath, queryFlag } from './request-info.ts'
import { apiVersionOf } from './resource-table.ts'
import { readScale, writeScale } from './scale.ts'
import { streamWatch } from './watch-stream.ts'

/** Sends a document as JSON. */
export function sendJson(response: ServerResponse, code: number, document: unknown): void {
  const body = Buffer.from(JSON.stringify(document))
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-cache, private',
  })
  response.end(body)
}

/** Answers one request; never throws, never leaves it open. */
export async function handleRequest(
  context: ApiContext,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route(context, message, response)
  } catch (error) {
    if (response.headersSent) response.destroy()
    else if (error instanceof KubeError) sendError(response, error)
    else throw error
  }
}

function sendError(response: ServerResponse, error: KubeError): void {
  const seconds = error.details?.retryAfterSeconds
  if (seconds !== undefined) response.setHeader('retry-after', String(seconds))
  sendJson(response, error.code, error.toStatus())
}

async function route(context: ApiContext, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = authenticate(message, context.tokens)
  if (user === undefined) throw unauthorized()
  const url = new URL(message.url ?? '/', 'https://demo.invalid')
  const document = answerDiscovery(context, url.pathname)
  if (document !== undefined) {
    if (message.method !== 'GET' && message.method !== 'HEAD') throw methodNotAllowed()
    if (typeof document === 'string') response.writeHead(200, { 'content-type': 'text/plain' }).end(document)
    else sendJson(response, 200, document)
    return
  }
  const request = parseResourcePath(context.registry, url.pathname, url.searchParams)
  if (request === undefined) throw noSuchPath()
  authorize(context.store, user, accessOf(message.method ?? 'GET', request))
  await dispatch(context, user, request, message, response)
}

/** The RBAC question a request asks. */
export function accessOf(method: string, request: ResourceRequest): AccessRequest {
  const { resource, namespace, name, subresource } = request
  return {
    verb: verbOf(method, request),
    group: resource.group,
    resource: resource.plural,
    subresource,
    namespace,
    name,
  }
}

function verbOf(method: string, { name, query }: ResourceRequest): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return isWatch(query) ? 'watch' : name === undefined ? 'list' : 'get'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete'
    default:
      throw methodNotAllowed()
  }
}

const isWatch = (query: URLSearchParams): boolean => queryFlag(query, 'watch')

async function dispatch(
  context: ApiContext,
  user: KubeUser,
  request: ResourceRequest,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = message.method ?? 'GET'
  const { subresource, resource } = request
  const isRead = method === 'GET' || method === 'HEAD'
  if (subresource === 'log' && isRead) return context.podLog(request, response)
  if (subresource === 'proxy')
    return context.serviceProxy(request, message, response, isRead ? '' : await readText(message))
  if (subresource === 'exec' || subresource === 'portforward') throw badRequest('Upgrade request required')
  if (isRead) return read(context, request, message, response)
  if (subresource === undefined && !resource.verbs.includes(verbOf(method, request))) throw methodNotAllowed()
  const contentType = contentTypeOf(message)
  const body = parseBody(await readText(message), contentType, method === 'PATCH')
  write(context, user, request, method, body, contentType, response)
}

function write(
  context: ApiContext,
  user: KubeUser,
  request: ResourceRequest,
  method: string,
  body: unknown,
  contentType: string,
  response: ServerResponse,
): void {
  const { subresource, name, resource, namespace } = request
  if (subresource === 'scale') {
    if (method !== 'PUT' && method !== 'PATCH') throw methodNotAllowed()
    return sendJson(
      response,
      200,
      writeScale(context, request, body, method === 'PATCH' ? contentType : undefined),
    )
  }
  if (subresource === 'eviction' && method === 'POST')
    return sendJson(response, 201, evictPod(context, request, body))
  if (method === 'POST') {
    const review = answerReview({ store: context.store, user, tokens: context.tokens }, resource.kind, body)
    if (review !== undefined) return sendJson(response, 201, review)
    if (name !== undefined || (resource.namespaced && namespace === undefined)) throw methodNotAllowed()
    const { code, object } = createObject(context, request, body)
    return sendJson(response, code, object)
  }
  if (method === 'DELETE') {
    if (subresource !== undefined) throw methodNotAllowed()
    if (name !== undefined) return sendJson(response, 200, deleteObject(context, request, body))
    return sendJson(response, 200, listDocument(request, deleteCollection(context, request, body)))
  }
  if (name === undefined) throw methodNotAllowed()
  if (method !== 'PUT' && method !== 'PATCH') throw methodNotAllowed()
  const { code, object } =
    method === 'PUT'
      ? replaceObject(context, request, body)
      : patchObject(context, request, body, contentType)
  sendJson(response, code, object)
}

function read(
  context: ApiContext,
  request: ResourceRequest,
  message: IncomingMessage,
  response: ServerResponse,
): void {
  const { resource, name, subresource, query } = request
  const form = acceptedForm(message.headers.accept)
  if (form === undefined) throw notAcceptable()
  if (!resource.verbs.includes('get')) throw methodNotAllowed()
  if (isWatch(query)) {
    if (!resource.verbs.includes('watch')) throw methodNotAllowed()
    const view = (object: KubeObject): unknown => shown(context, request, form, object)
    const { store, bookmarkMs } = context
    return streamWatch({
      store,
      request,
      response,
      view,
      ...(bookmarkMs === undefined ? {} : { bookmarkMs }),
    })
  }
  if (name === undefined) return sendJson(response, 200, listAnswer(context, request, form))
  if (subresource === 'scale') return sendJson(response, 200, readScale(context, request))
  if (subresource !== undefined && subresource !== 'status') throw methodNotAllowed()
  sendJson(response, 200, shown(context, request, form, one(context, request)))
}

function one(context: ApiContext, request: ResourceRequest): KubeObject {
  const { resource, namespace, name = '' } = request
  if (resource.storeKey !== 'virtual') return existing(context, request)
  const found = context
    .metrics(resource.plural)
    .find((object) => object.metadata.name === name && object.metadata.namespace === namespace)
  if (found === undefined) throw notFound(resource, name)
  return found
}

/** One object in the form the client asked for. */
function shown(
  context: ApiContext,
  request: ResourceRequest,
  form: AcceptedForm,
  object: KubeObject,
): unknown {
  if (form === 'metadata') return metadataOnly(object)
  if (form === 'table')
    return printTable(
      columnsOf(context.store, request.resource),
      [object],
      { resourceVersion: object.metadata.resourceVersion ?? '' },
      tableOptions(context, request),
    )
  return viewOf(request.resource, object)
}

const tableOptions = ({ clock }: ApiContext, { query }: ResourceRequest) => ({
  includeObject: query.get('includeObject') ?? 'Metadata',
  nowMs: clock.nowMs(),
})

interface Page {
  items: KubeObject[]
  metadata: object
}

function pageOf(context: ApiContext, request: ResourceRequest): Page {
  if (request.resource.storeKey !== 'virtual') return listPage(context.store, request)
  return { items: context.metrics(request.resource.plural).filter(objectTest(request)), metadata: {} }
}

function listAnswer(context: ApiContext, request: ResourceRequest, form: AcceptedForm): unknown {
  const page = pageOf(context, request)
  if (form === 'table')
    return printTable(
      columnsOf(context.store, request.resource),
      page.items,
      page.metadata,
      tableOptions(context, request),
    )
  if (form === 'metadata')
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: page.metadata,
      items: page.items.map(metadataOnly),
    }
  return listDocument(request, page)
}

const listDocument = ({ resource }: ResourceRequest, page: Page) => ({
  kind: `${resource.kind}List`,
  apiVersion: apiVersionOf(resource),
  metadata: page.metadata,
  items: page.items.map((object) => viewOf(resource, object)),
})
