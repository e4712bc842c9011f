import ProcessTree

struct Counter: NodeProgram {
  func run(in node: Node) async throws {
    while true { try await node.sleep(for: .seconds(1)) }
  }
}

func supervise(_ root: Node) async throws {
  try await root.withSupervisor([
    ChildSpecification("counter", Counter(), backoff: RestartBackoff(first: .milliseconds(100))),
    ChildSpecification("proxy", Command("sleep", ["3600"]), dependsOn: ["counter": .up]),
  ]) { supervisor in
    try await supervisor.waitUntilUp()
    try await supervisor.restart("counter")  // returns when its next life is up
    for child in await supervisor.children { print(child) }  // counter (pid 4711) up, restarts 0
    try await supervisor.waitUntilOver()  // throws a SupervisorFailure when it gives up
  }
}

func nest(_ root: Node) async throws {
  let shop = SupervisorProgram(
    [ChildSpecification("till", Counter()), ChildSpecification("shelf", Counter(), instances: 3)],
    strategy: .oneForAll, intensity: RestartIntensity(restarts: 3, within: .seconds(5)))
  try await root.withSupervisor([ChildSpecification("shop", shop, announcesUp: true)]) {
    try await $0.waitUntilOver()
  }
}
