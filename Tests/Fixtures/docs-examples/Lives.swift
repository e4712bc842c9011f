import Glibc
import ProcessTree

struct Countdown: NodeProgram {
  var goal: Int

  func run(in node: Node) async throws {
    for number in 1...goal { node.report("counting", completed: number, total: goal) }
  }
}

func watchEvents(_ root: Node) async throws {
  let events = try await root.events  // of the root and all below it, from now on
  let child = try await root.spawn(Countdown(goal: 3), name: "counter")
  for await event in events {
    print(event)  // counter started (pid 4711), counter is ready, …
    if case .exited(let report) = event.kind, event.path == child.path {
      print(report.cause, report.usage?.maximumResidentSize ?? 0)
      break
    }
  }
}

func restrict(_ root: Node) async throws {
  let settings = ProcessSettings(
    environment: .inherit(adding: ["LC_ALL": "C"], removing: ["TOKEN"]), directory: "/var/tmp",
    limits: [.cpuTime(.seconds(60)), .fileSize(1 << 30), .coreSize(0)], niceness: 10,
    processors: [0, 1])
  let child = try await root.spawn(Countdown(goal: 3), settings: settings)
  try await child.result  // throws a ChildFailure with the cause limitExceeded beyond a limit
}

struct TooLarge: Error, Codable { var number: Int }

struct Picky: NodeProgram {
  var number: Int

  func run(in node: Node) async throws -> Int {
    if number > 9 { throw TooLarge(number: number) }
    if number < 0 { abort() }
    return number
  }
}

func handleErrors(_ root: Node) async throws {
  for number in [7, 12, -1] {
    let child = try await root.spawn(Picky(number: number))
    do {
      print(try await child.result)  // 7
    } catch let failure as RemoteFailure {
      // The program threw. The error itself is there, because it is Codable.
      print(failure.underlying(as: TooLarge.self)?.number ?? 0, failure.origin)  // 12 Process-2
    } catch let failure as ChildFailure {
      // The process ended in another way: the cause shows how, the report has all that is known.
      print(failure.cause, failure.report.exitCode ?? 0)  // crashed with SIGABRT -6
    }
  }
}

struct Endless: NodeProgram {
  var seconds = 3_600

  func run(in node: Node) async throws { try await Task.sleep(for: .seconds(seconds)) }
}

func waitNoLonger(_ root: Node) async throws {
  let child = try await root.spawn(Endless(), timeout: .seconds(60))
  do {
    try await child.result(timeout: .milliseconds(100))
  } catch let error as ProcessTreeError where error.code == .deadlinePassed {
    // The wait is over, the child goes on. Without this the root would wait for it at its end.
    try await child.stop(reason: "it took too long")
  }
  print(child)  // Process-1 (pid 4711) stopped by MainProcess: it took too long
}

struct Careful: NodeProgram {
  func run(in node: Node) async throws {
    let file = "/tmp/careful-\(node.pid).lock"
    node.onExit("remove the lock", within: .seconds(1)) { unlink(file) }
    close(open(file, O_CREAT | O_WRONLY, 0o600))
    try await node.waitUntilDraining()  // until somebody wants this node to finish its work
  }
}

func finishWork(_ root: Node) async throws {
  let child = try await root.spawn(Careful())
  try await child.drain(within: .seconds(30), reason: "an update")
  print(child.exitReport?.stopRequest ?? "nobody asked")  // MainProcess asked: an update
}
