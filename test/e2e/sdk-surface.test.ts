// Every documented class and call that exists in this version, under exactly its name, at the entry point where a
// program looks for it.
import assert from "node:assert/strict";
import { test } from "node:test";

/** `Class.call`; without a dot, the class or value alone. */
const documented: Readonly<Record<string, readonly string[]>> = {
  tusklang: [
    ...["TuskConfig", "TuskLang.settings", "TuskLang.explain", "TuskDB.insert", "TuskDB.query"],
    ...["TuskDB.insertMany"],
    ...["TuskMicroservices.close", "TuskError", "fujsen"],
  ],
  "tusklang/mesh": [
    ...["MicroservicesServiceMesh.setupServiceMesh", "MicroservicesServiceMesh.manageServiceCommunication"],
    ...["ServiceMesh.initialize", "ServiceMesh.setupTrafficManagement"],
    ...["ServiceMesh.setupSecurityPolicies", "ServiceMesh.setupObservability"],
    ...["InterServiceCommunication.setupProtocols", "InterServiceCommunication.setupLoadBalancing"],
    ...["InterServiceCommunication.setupCircuitBreakers", "InterServiceCommunication.setupRetryPolicies"],
  ],
  "tusklang/gateway": [
    ...["MicroservicesAPIGateway.setupApiGateway", "MicroservicesAPIGateway.manageApiRoutes"],
    ...["APIGateway.initialize", "APIGateway.setupMonitoring"],
    ...["RouteManager.setupRoutingRules", "RouteManager.setupRoutes"],
  ],
  "tusklang/discovery": [
    ...["MicroservicesServiceDiscovery.setupServiceDiscovery", "MicroservicesServiceDiscovery.registerService"],
    ...["ServiceRegistry.heartbeat", "ServiceRegistry.deregister", "ServiceDiscovery.watch", "ServiceDiscovery.lookup"],
    ...["ServiceRegistry.initialize", "ServiceRegistry.registerService"],
    ...["ServiceDiscovery.setupDiscovery", "ServiceDiscovery.setupHealthChecks"],
    ...["ServiceDiscovery.setupLoadBalancing", "ServiceDiscovery.setupServiceMonitoring"],
  ],
};

const services = [
  ...["MicroservicesConfig.toSettings", "MicroservicesServiceManager.createMicroservice"],
  ...["MicroservicesServiceManager.manageServiceLifecycle", "ServiceManager.createServiceCode"],
  ...["ServiceManager.createServiceContainer", "ServiceManager.setupServiceMonitoring", "ServiceManager.scaleService"],
  ...["ServiceManager.performHealthCheck", "ServiceManager.getServiceMetrics", "ServiceDeployer.deployService"],
  ...["MicroservicesTuskDBIntegration.storeMicroservicesMetrics"],
  ...["MicroservicesTuskDBIntegration.analyzeMicroservicesPerformance"],
  ...["MicroservicesDataManager.series", "MicroservicesDataManager.export", "MicroservicesDataManager.edges"],
  ...["MicroservicesDataManager.events", "MicroservicesDataManager.decisions"],
  ...["MicroservicesIntelligence.decisions", "MicroservicesIntelligence.replay"],
  ...["MicroservicesIntelligence.analyzeServiceRequirements", "MicroservicesIntelligence.generateServiceArchitecture"],
  ...["MicroservicesIntelligence.analyzeRouteRequirements", "MicroservicesIntelligence.generateOptimalRouting"],
  ...["MicroservicesIntelligence.generateServiceMetadata", "MicroservicesIntelligence.processMicroservicesMetrics"],
  ...["MicroservicesIntelligence.analyzeMicroservicesPerformance"],
  ...["MicroservicesIntelligence.generateMicroservicesInsights"],
  ...["MicroservicesServiceManager.optimizeServicePerformance"],
  ...["MicroservicesPerformanceOptimizationBestPractices.optimizeMicroservicesPerformance"],
  ...["MicroservicesIntelligence.analyzeServicePerformance", "MicroservicesIntelligence.identifyServiceOptimizations"],
  ...["MicroservicesIntelligence.analyzeMicroservicesPerformanceMetrics"],
  ...["MicroservicesIntelligence.identifyMicroservicesPerformanceBottlenecks"],
  ...["MicroservicesIntelligence.generateMicroservicesPerformanceOptimizations"],
];

/** That has everything of the three parts, too. */
const all: Readonly<Record<string, readonly string[]>> = {
  ...documented,
  "tusklang/microservices": [
    ...services,
    ...Object.entries(documented).flatMap(([entry, names]) => (entry === "tusklang" ? [] : names)),
  ],
};

type Exports = Readonly<Record<string, { readonly prototype?: object } | undefined>>;

for (const [entry, names] of Object.entries(all)) {
  test(`${entry} has ${names.length} documented calls`, async () => {
    // As a program imports it: through the package's own exports.
    const exported = (await import(entry)) as Exports;
    for (const name of names) {
      const [className = "", call] = name.split(".");
      const found = exported[className];
      assert.ok(found, `${entry} does not export ${className}`);
      if (call === undefined) continue;
      const member = (found.prototype as Readonly<Record<string, unknown>> | undefined)?.[call];
      assert.equal(typeof member, "function", `${className} of ${entry} has no ${call}()`);
    }
  });
}

test("the platform object has its parts, and the ways to start one are there", async () => {
  const { TuskLang, TuskMicroservices, fujsen } = await import("../../src/index.js");
  const lang = new TuskLang();
  assert.deepEqual(Object.keys(lang.microservices).sort(), [
    ...["apiGateway", "communication", "serviceDiscovery", "serviceManager", "serviceMesh", "tuskdb"],
  ]);
  assert.equal(typeof lang.fujsen.replay, "function");
  assert.equal(typeof lang.db.query, "function");
  assert.deepEqual([typeof TuskMicroservices.start, typeof TuskMicroservices.connect], ["function", "function"]);
  assert.equal(typeof fujsen.intelligence, "function");
});

test("a class that two entry points have is the same one", async () => {
  const [all, mesh] = await Promise.all([import("../../src/microservices.js"), import("../../src/mesh.js")]);
  assert.equal(all.ServiceMesh, mesh.ServiceMesh);
});
