import Glibc
import ProcessTree
import ProcessTreeScenarios

/// Reports the settings of its process, and, with a child, those of the child.
struct Settled: NodeProgram {
  struct Found: Codable, Sendable, Equatable {
    var surroundings: Surroundings
    var coreSize: UInt
    var processors: String
    var secret: String?
  }

  var hasChild: Bool

  func run(in node: Node) async throws -> [Found] {
    let status = contents(of: "/proc/self/status").split(separator: "\n")
    let line = status.first { $0.hasPrefix("Cpus_allowed_list:") } ?? ""
    let mine = Found(
      surroundings: .here(), coreSize: Surroundings.limit(RLIMIT_CORE).rlim_cur,
      processors: line.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? "",
      secret: getenv("FIXTURE_SECRET").map { String(cString: $0) })
    guard hasChild else { return [mine] }
    return [mine] + (try await node.spawn(Settled(hasChild: false)).result)
  }
}

/// Uses up a resource.
struct Greedy: NodeProgram {
  static var spawnsChildren: Bool { false }

  enum Resource: Codable {
    case processorTime
    /// Ignores the first signal.
    case allProcessorTime
    case fileSize
  }

  var resource: Resource

  func run(in node: Node) async throws {
    switch resource {
    case .processorTime, .allProcessorTime:
      if resource == .allProcessorTime { signal(SIGXCPU, SIG_IGN) }
      while !Task.isCancelled {}
    case .fileSize:
      let path = "/tmp/ptree-greedy-\(getpid())"
      let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
      unlink(path)
      let bytes = [UInt8](repeating: 0, count: 1 << 20)
      while write(descriptor, bytes, bytes.count) > 0 {}
    }
  }
}

private func contents(of path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 65_536)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}

let settingsScenarios: [String: Scenario] = [
  "childrenHaveTheirSettings": { root, test in
    setenv("FIXTURE_SECRET", "told", 1)
    let settings = ProcessSettings(
      environment: .inherit(
        adding: [Surroundings.variable: "given"], removing: ["FIXTURE_SECRET"]),
      directory: "/usr",
      limits: [.openFiles(200), .coreSize(0), .fileSize(1 << 30), .cpuTime(.seconds(100))],
      umask: 0o077, niceness: 11, processors: [0])
    let found = try await root.spawn(Settled(hasChild: true), settings: settings).result
    test.equal(found.count, 2)
    // A child of the child has them as well, by either start method.
    for child in found {
      test.equal(child.surroundings.variable, "given")
      test.equal(child.secret, nil)
      test.equal(child.surroundings.directory, "/usr")
      test.equal(child.surroundings.openFilesLimit, 200)
      test.equal(child.surroundings.fileSizeLimit, 1 << 30)
      test.equal(child.coreSize, 0)
      test.equal(child.surroundings.mask, 0o077)
      test.equal(child.surroundings.niceness, 11)
      test.equal(child.processors, "0")
    }
    let plain = try await root.spawn(Settled(hasChild: false)).result
    test.equal(plain.first?.surroundings.variable, nil)
    test.expect(plain.first?.surroundings.directory != "/usr", "\(plain)")
    let alone = try await root.spawn(
      Settled(hasChild: false), settings: ProcessSettings(environment: .only(["A": "1"]))
    ).result
    test.equal(alone.first?.secret, nil)
    // A supervised child has them in each life.
    let limits = ProcessSettings(limits: [.cpuTime(.seconds(1)), .coreSize(0)])
    let failure = await test.thrown(SupervisorFailure.self) {
      try await root.withSupervisor(
        [ChildSpecification("greedy", Greedy(resource: .processorTime), settings: limits)],
        intensity: RestartIntensity(restarts: 1, within: .seconds(60))
      ) { try await $0.waitUntilOver() }
    }
    test.expect("\(failure as Any)".contains("processor time"), "\(failure as Any)")
  },
  "childrenMeetTheirLimits": { root, test in
    func cause(_ resource: Greedy.Resource, _ limit: ResourceLimit) async throws -> ExitCause? {
      let child = try await root.spawn(
        Greedy(resource: resource), settings: ProcessSettings(limits: [limit, .coreSize(0)]))
      try await child.join()
      return child.exitReport?.cause
    }
    async let time = cause(.processorTime, .cpuTime(.seconds(1)))
    async let all = cause(.allProcessorTime, .cpuTime(.seconds(1)))
    async let size = cause(.fileSize, .fileSize(4 << 20))
    test.equal(try await time, .limitExceeded(signal: SIGXCPU))
    test.equal(try await all, .limitExceeded(signal: SIGKILL))
    test.equal(try await size, .limitExceeded(signal: SIGXFSZ))
  },
  "settingsThatCannotBe": { root, test in
    for settings in [
      ProcessSettings(limits: [.fileSize(-1)]), ProcessSettings(niceness: 20),
      ProcessSettings(processors: []), ProcessSettings(processors: [-1]),
      ProcessSettings(directory: ""), ProcessSettings(environment: .only(["A=B": ""])),
    ] {
      let error = await test.thrown(ProcessTreeError.self) {
        _ = try await root.spawn(Settled(hasChild: false), settings: settings)
      }
      test.equal(error?.code, .invalidConfiguration)
    }
    // The child reports which of them it cannot have.
    for (settings, word) in [
      (ProcessSettings(directory: "/nowhere"), "\"/nowhere\": No such file"),
      (ProcessSettings(processors: [8_191]), "[8191]"),
      (ProcessSettings(limits: [.openFiles(4)]), "descriptors"),
    ] {
      let failure = await test.thrown(ChildFailure.self) {
        _ = try await root.spawn(Settled(hasChild: false), settings: settings)
      }
      test.expect("\(failure as Any)".contains(word), "\(failure as Any)")
    }
    test.equal(try await root.spawn(Settled(hasChild: false)).result.count, 1)
  },
]
