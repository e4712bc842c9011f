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

func superviseCommands(_ root: Node) async throws {
  let database = Command("postgres", ["-D", "/srv/data"])
  let web = Command("python3", ["-m", "http.server", "8080"])
  try await root.withSupervisor([
    ChildSpecification("db", database, upWhen: .port(5432).timed(within: .seconds(60))),
    ChildSpecification(
      "web", web, dependsOn: ["db": .up],
      upWhen: .http("/health", port: 8080).timed(every: .seconds(5), limit: .seconds(30))),
  ]) { try await $0.waitUntilOver() }
}

func watchOver(_ root: Node) async throws {
  let liveness = Liveness(lease: .seconds(1), limit: .seconds(5))
  try await root.withSupervisor([
    ChildSpecification("counter", Counter(), liveness: liveness)
  ]) { try await $0.waitUntilOver() }
}

struct Render: NodeProgram {
  func run(in node: Node) async throws {
    for frame in 1...100 {
      draw(frame)
      node.renewLease()  // costs next to nothing when it comes too often
    }
    node.withoutLiveness { compress() }  // may take any time
  }
}

private func draw(_ frame: Int) {}

private func compress() {}

func nest(_ root: Node) async throws {
  let shop = SupervisorProgram(
    [ChildSpecification("till", Counter()), ChildSpecification("shelf", Counter(), instances: 3)],
    strategy: .oneForAll, intensity: RestartIntensity(restarts: 3, within: .seconds(5)))
  try await root.withSupervisor([ChildSpecification("shop", shop, announcesUp: true)]) {
    try await $0.waitUntilOver()
  }
}
