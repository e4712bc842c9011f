import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTesting

/// Waits with a deadline, and what goes on after them.
let timeoutScenarios: [String: Scenario] = [
  "resultInTime": { root, test in
    root.configure { $0.stopPolicy = quick }
    let child = try await root.spawn(Sleeper())
    for time in [Duration.milliseconds(20), .zero, .seconds(-1)] {
      let late = await test.thrown(ProcessTreeError.self) {
        try await child.result(timeout: time)
      }
      test.equal(late?.code, .deadlinePassed)
      test.expect(late?.message.contains(child.name) == true, "\(late as Any)")
    }
    // The child goes on.
    test.expect(child.isAlive && child.phase == .ready)
    try await child.stop()
    for time in [Duration.seconds(60), .seconds(Int64.max)] {
      test.equal(try await root.spawn(Square(number: 3)).result(timeout: time), 9)
    }
    let early = await test.thrown(ProcessTreeError.self) {
      _ = try await root.makeChild(Nothing()).result(timeout: .seconds(1))
    }
    test.equal(early?.code, .notStarted)
  },
  "spawnInTime": { root, test in
    _ = try await root.spawn(FirstWord()).result
    let before = await settledAudit()
    // No child is ready at once; one that is too late has gone.
    for time in [Duration.zero, .seconds(-1)] {
      let late = await test.thrown(ProcessTreeError.self) {
        _ = try await root.spawn(Sleeper(), timeout: time)
      }
      test.equal(late?.code, .deadlinePassed)
      test.expect(root.children.isEmpty, "\(root.children)")
    }
    let child = try root.makeChild(Sleeper())
    _ = await test.thrown(ProcessTreeError.self) { try await child.start(timeout: .zero) }
    test.equal(child.phase, .exited)
    test.equal(child.exitReport?.stopRequest?.reason, "it was not ready in time")
    for time in [Duration.seconds(60), .seconds(Int64.max)] {
      test.equal(try await root.spawn(Square(number: 2), timeout: time).result, 4)
    }
    await test.noLeaks(since: before)
  },
  "anythingInTime": { root, test in
    let child = try await root.spawn(Sleeper())
    let late = await test.thrown(ProcessTreeError.self) {
      _ = try await root.withTimeout(.milliseconds(20)) { try await child.result }
    }
    test.equal(late?.code, .deadlinePassed)
    test.expect(child.isAlive)
    test.equal(try await root.withTimeout(.seconds(60)) { 7 }, 7)
    test.equal(try await root.withTimeout(.seconds(Int64.max)) { 8 }, 8)
    // The error of the body before the deadline counts, and its result after it.
    let own = await test.thrown(CommandError.self) {
      _ = try await root.withTimeout(.seconds(60)) { try await root.run(Command("no-such")) }
    }
    test.equal(own?.code, .executableNotFound)
    let stubborn = try await root.withTimeout(.zero) {
      while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
      return 9
    }
    test.equal(stubborn, 9)
    // A command that was waited for is ended.
    let command = await test.thrown(ProcessTreeError.self) {
      _ = try await root.withTimeout(.milliseconds(50)) {
        try await root.run(Command("sleep", ["1000"]))
      }
    }
    test.equal(command?.code, .deadlinePassed)
    // A cancelled caller gets `CancellationError`, on the loop and elsewhere.
    for isDetached in [false, true] {
      let wait: @Sendable () async throws -> Void = {
        try await root.withTimeout(.seconds(Int64.max)) { _ = try await child.join() }
      }
      let task = isDetached ? Task.detached { try await wait() } : Task { try await wait() }
      try await Task.sleep(for: .milliseconds(10))
      task.cancel()
      _ = await test.thrown(CancellationError.self) { try await task.value }
    }
    let fromElsewhere = await test.thrown(ProcessTreeError.self) {
      try await Task.detached {
        try await root.withTimeout(.milliseconds(20)) { _ = try await child.join() }
      }.value
    }
    test.equal(fromElsewhere?.code, .deadlinePassed)
    try await child.stop()
  },
]
