import Glibc
import ProcessTree
import ProcessTreeScenarios

/// Writes bytes as they are, in pieces of some size.
struct Writer: NodeProgram {
  var bytes: [UInt8]
  var pieceSize: Int
  func run(in node: Node) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.prefix(pieceSize).withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
      guard written > 0 else { throw CancellationError() }
      rest = rest.dropFirst(written)
    }
  }
}

/// Ends suddenly, after last words that are long and no text.
struct Dumps: NodeProgram {
  func run(in node: Node) async throws {
    _ = "Fatal error: the core follows\n".withCString { write(2, $0, strlen($0)) }
    let line = [UInt8](repeating: 0xFF, count: 1_024) + [10]
    for _ in 0..<200 { _ = write(2, line, line.count) }
    kill(getpid(), SIGKILL)
  }
}

/// Outlives the child that it starts.
struct Bereaved: NodeProgram {
  func run(in node: Node) async throws {
    _ = try? await node.spawn(Dumps(), name: "dumps").result
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

/// Waits that are as long as waits can be, and longer than any number of seconds.
let longestWaits: [Duration] = [
  .seconds(Int64.max),
  Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999),
  .seconds(Int64.max) + .seconds(Int64.max), .nanoseconds(Int64.max),
]

let outputScenarios: [String: Scenario] = [
  "lineWithoutEnd": { root, test in
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 200_000)
    try await root.spawn(Writer(bytes: bytes, pieceSize: .max)).result
  },
  "bytesOfAnyKind": { root, test in
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) }
    try await root.spawn(Writer(bytes: bytes, pieceSize: 1_000)).result
  },
  "outputBehindTheEndOfATie": { root, test in
    root.configure { $0.output = .discard }
    let child = try await root.spawn(WritesBehindItsTie())
    test.equal(try await child.join(timeout: .seconds(4))?.exitCode, 9)
  },
  "outputForALateReader": { root, test in
    try await root.spawn(Verbose(lines: 20_000, depth: 0)).result
  },
  "outputOfTheRootItself": { root, test in
    print("printed, and in a buffer until the end")
  },
  "lastWordsFromFarBelow": { root, test in
    root.configure { $0.output = .discard }
    let events = try await root.events
    let child = try await root.spawn(Bereaved(), name: "bereaved")
    for await event in events {
      guard case .exited(let report) = event.kind else { continue }
      test.equal(event.node, "dumps")
      test.equal(report.cause, .killed(signal: SIGKILL))
      test.equal(report.crashAccount.count, 100)
      test.equal(report.lastErrorLines.count, 20)
      break
    }
    // Reported while the node between lives, whose picture is the root's.
    test.expect(child.isAlive)
    test.equal(root.snapshot.root.children.map { $0.children.count }, [0])
    _ = try await child.stop()
  },
  "longestWaits": { root, test in
    for wait in longestWaits {
      root.configure { $0.startDeadline = wait }
      let policy = StopPolicy(ask: wait, terminate: wait)
      let child = try await root.spawn(Square(number: 3), stopPolicy: policy)
      test.equal(try await child.join(timeout: wait), .exited(0))
      test.equal(try await child.result, 9)
      let sleeper = try await root.spawn(Sleeper(), stopPolicy: policy)
      _ = try await sleeper.stop()
      test.expect(sleeper.exitReport?.cause.isStop ?? false)
      let (client, service) = root.makeService(of: Int.self, returning: Int.self)
      let serving = Task { try await service.serve { $0 + 1 } }
      test.equal(try await client.call(4, timeout: wait), 5)
      client.finish()
      serving.cancel()
    }
  },
  "waitsOfNothing": { root, test in
    let sleeper = try await root.spawn(Sleeper())
    for wait: Duration in [.zero, .seconds(-1), .zero - longestWaits[2]] {
      test.equal(try await sleeper.join(timeout: wait), nil)
      let (client, service) = root.makeService(of: Int.self, returning: Int.self)
      // Nobody answers.
      let late = await test.thrown(ProcessTreeError.self) {
        _ = try await client.call(4, timeout: wait)
      }
      test.equal(late?.code, .deadlinePassed)
      service.close()
    }
    _ = try await sleeper.stop()
  },
]

/// Closes all that it has inherited but its standard streams, and then writes more than a pipe has
/// room for.
struct WritesBehindItsTie: NodeProgram {
  func run(in node: Node) async throws {
    for number: Int32 in 3..<1_024 { close(number) }
    var piece = [UInt8](repeating: UInt8(ascii: "a"), count: 256 << 10)
    piece[piece.count - 1] = UInt8(ascii: "\n")
    for descriptor: Int32 in 1...2 {
      var count = 0
      while count < piece.count {
        let written = piece[count...].withUnsafeBytes {
          write(descriptor, $0.baseAddress, $0.count)
        }
        guard written > 0 else { _exit(8) }
        count += written
      }
    }
    _exit(9)
  }
}
