// SPDX-License-Identifier: Apache-2.0
// manifests.js FOLDER: judges each document of FOLDER/*.yaml by the schema of its kind. Like the API server, the schemas
// let fields pass that they do not know, so a misspelt one would have no effect and nobody would be told: a field that
// the validator never looked at is an error here.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const YAML = require('yaml');

const models = {
  'v1/ConfigMap': require('kubernetes-models/v1/ConfigMap').ConfigMap,
  'v1/Service': require('kubernetes-models/v1/Service').Service,
  'apps/v1/Deployment': require('kubernetes-models/apps/v1/Deployment').Deployment,
  'autoscaling/v2/HorizontalPodAutoscaler':
    require('kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler').HorizontalPodAutoscaler,
  'policy/v1/PodDisruptionBudget': require('kubernetes-models/policy/v1/PodDisruptionBudget').PodDisruptionBudget,
  'networking.k8s.io/v1/NetworkPolicy':
    require('kubernetes-models/networking.k8s.io/v1/NetworkPolicy').NetworkPolicy,
  'monitoring.coreos.com/v1/ServiceMonitor':
    require('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor').ServiceMonitor,
};
const isObject = (value) => value !== null && typeof value === 'object';

// The value, with a note of every member that is read.
function watched(value, seen, at = '') {
  if (!isObject(value)) return value;
  return new Proxy(value, {
    get(target, name) {
      if (typeof name === 'symbol' || !Object.hasOwn(target, name)) return Reflect.get(target, name);
      seen.add(`${at}/${name}`);
      return watched(target[name], seen, `${at}/${name}`);
    },
  });
}

// The outermost members that are not in `seen`.
function* unseen(value, seen, at = '') {
  if (!isObject(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    if (seen.has(`${at}/${name}`)) yield* unseen(inner, seen, `${at}/${name}`);
    else yield `${at}/${name}`;
  }
}

// Throws what is wrong with a document.
function judge(document) {
  const kind = `${document.apiVersion}/${document.kind}`;
  const Model = models[kind];
  if (!Model) throw new Error(`no schema of ${kind}`);
  const seen = new Set();
  Model.prototype.validate.call(watched(document, seen));
  const unknown = [...unseen(document, seen)];
  if (unknown.length > 0) throw new Error(`${kind} has no ${unknown.join(', ')}`);
}

// YAML 1.1, as Kubernetes reads it. What is twice in one mapping is an error.
function read(file) {
  return YAML.parseAllDocuments(fs.readFileSync(file, 'utf8'), { version: '1.1' }).map((document) => {
    const problem = document.errors[0] || document.warnings[0];
    if (problem) throw new Error(`${file}: ${problem.message}`);
    return document.toJS();
  });
}

const folder = process.argv[2];
const files = fs.readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
const documents = new Map();
for (const file of files) {
  for (const document of read(path.join(folder, file))) {
    try {
      judge(document);
    } catch (problem) {
      throw new Error(`${file}: ${problem.message}`);
    }
    assert.ok(!documents.has(document.kind), `a second ${document.kind}`);
    documents.set(document.kind, document);
    console.log(`${file}: ${document.kind} is accepted`);
  }
}
assert.strictEqual(documents.size, Object.keys(models).length, 'a kind is missing');

const [kustomization] = read(path.join(folder, 'kustomization.yaml'));
assert.deepStrictEqual([...kustomization.resources].sort(), files.sort(), 'kustomization.yaml lists other files');

// A validator that accepts everything says nothing.
const container = (document) => document.spec.template.spec.containers[0];
const mistakes = [
  ['Deployment', (d) => { container(d).livenessProbe.httpGet.pth = '/health/live'; }],
  ['Deployment', (d) => { delete container(d).livenessProbe.httpGet.port; }],
  ['Deployment', (d) => { container(d).ports[0].containerPort = '3000'; }],
  ['Deployment', (d) => { container(d).resources.limits.memory = '128 megabytes'; }],
  ['Deployment', (d) => { d.spec.template.spec.terminationGracePeriod = 40; }],
  ['Deployment', (d) => { container(d).securityContext.capabilities.drop = 'ALL'; }],
  ['Deployment', (d) => { delete d.spec.selector; }],
  ['ConfigMap', (d) => { d.data['authd.toml'] = { server: {} }; }],
  ['Service', (d) => { d.spec.ports[0].port = 'http'; }],
  ['HorizontalPodAutoscaler', (d) => { delete d.spec.maxReplicas; }],
  ['PodDisruptionBudget', (d) => { d.spec.maxUnavailable = [1]; }],
  ['NetworkPolicy', (d) => { d.spec.ingress[0].form = d.spec.ingress[0].from; }],
  ['NetworkPolicy', (d) => { d.apiVersion = 'networking.k8s.io/v1beta9'; }],
  ['ServiceMonitor', (d) => { d.spec.endpoints[0].interval = 'often'; }],
  ['ServiceMonitor', (d) => { d.spec.endpoints[0].portt = 'http'; }],
  ['ServiceMonitor', (d) => { delete d.spec.selector; }],
];
for (const [kind, make] of mistakes) {
  const document = structuredClone(documents.get(kind));
  make(document);
  assert.throws(() => judge(document), undefined, `${kind} was accepted with: ${make}`);
}
console.log(`${mistakes.length} mistakes are refused`);
