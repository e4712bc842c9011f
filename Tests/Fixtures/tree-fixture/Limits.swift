import Glibc
import ProcessTree
import ProcessTreeRandomTesting
import ProcessTreeScenarios
import ProcessTreeTesting

let limitScenarios: [String: Scenario] = [
  "descriptorLimit": { root, test in
    // The test has set the limit to 64: some starts fail, each with a reason, and then all is well.
    _ = try await root.spawn(Square(number: 0)).result
    let before = await settledAudit()
    var children: [Child<Void>] = []
    var failures: [String] = []
    for _ in 0..<40 {
      do {
        children.append(try await root.spawn(LeafSleeper()))
      } catch let failure as ChildFailure {
        guard case .couldNotStart(let reason) = failure.cause else { throw failure }
        failures.append(reason)
      }
    }
    test.expect(children.count > 3, "\(children.count)")
    test.expect(failures.count > 3, "\(failures.count)")
    test.expect(failures.allSatisfy { $0.contains("Too many open files") }, "\(Set(failures))")
    for child in children { child.kill() }
    for child in children { _ = try await child.join() }
    test.equal(try await root.spawn(Square(number: 5)).result, 25)
    await test.noLeaks(since: before)
  },
  "processLimit": { root, test in
    // The test runs this as a user who may have few processes.
    _ = try await root.spawn(Square(number: 0)).result
    let before = await ResourceAudit.atRest()
    var children: [Child<Void>] = []
    var failures: [ExitCause] = []
    for _ in 0..<40 {
      do {
        children.append(try await root.spawn(LeafSleeper()))
      } catch let failure as ChildFailure {
        failures.append(failure.cause)
      }
    }
    test.expect(!failures.isEmpty && !children.isEmpty, "\(children.count) \(failures.count)")
    for child in children { child.kill() }
    for child in children { _ = try await child.join() }
    test.equal(try await root.spawn(Square(number: 5)).result, 25)
    // Children without threads report it before they abort, and a thread of the root's writes it.
    await test.nothingLeft(since: before)
  },
  "fewDescriptors": { root, test in
    // The argument is how many are left when the first child is started.
    let left = CommandLine.arguments.last.flatMap { Int($0) } ?? 0
    var taken: [Int32] = []
    while true {
      let copy = dup(0)
      guard copy >= 0 else { break }
      taken.append(copy)
    }
    for _ in 0..<left { close(taken.removeLast()) }
    do {
      test.equal(try await root.spawn(Square(number: 3)).result, 9)
    } catch let failure as ChildFailure {
      guard case .couldNotStart(let reason) = failure.cause else { throw failure }
      test.expect(reason.contains("Too many open files"), reason)
    }
    for descriptor in taken { close(descriptor) }
    test.equal(try await root.spawn(Square(number: 4)).result, 16)
  },
  "outputAtProcessLimit": { root, test in
    // The test runs this as a user who may have few processes; each child's line wants to be
    // written.
    var children: [Child<Void>] = []
    for number in 0..<30 {
      do {
        children.append(try await root.spawn(LastingTalker(number: number)))
      } catch is ChildFailure {}
    }
    do {
      test.equal(try await root.offload { 7 }, 7)
    } catch let error as ProcessTreeError {
      test.equal(error.code, .systemCallFailed)
    }
    for child in children { child.kill() }
    for child in children { _ = try await child.join() }
    test.equal(try await root.spawn(Square(number: 5)).result, 25)
    test.equal(try await root.offload { 8 }, 8)
  },
  "silentConnections": { root, test in
    let (sender, receiver) = root.makePipe(of: Int.self)
    let sum = try await root.spawn(Sum(numbers: receiver))
    let before = await settledAudit()
    let events = try await root.events
    // Fewer descriptors are left than strangers come.
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let usual = limit
    limit.rlim_cur = rlim_t(before.descriptors.values.reduce(0, +) + 26)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let base = runDirectory(of: root.pid) + "/\(root.pid)."
    let stranger = try await root.spawn(
      SilentStranger(path: base + "l", count: 36))
    test.equal(try await stranger.result, 0)
    limit = usual
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    for number in 1...10 { try await sender.send(number) }
    sender.finish()
    test.equal(try await sum.result, 55)
    test.equal(try await root.spawn(Square(number: 5)).result, 25)
    for await event in events {
      if case .connectionRefused = event.kind { break }
    }
  },
  "hostileConnections": { root, test in
    let child = try await root.spawn(Mirror(count: 200))
    let events = try await root.events
    let path = runDirectory(of: root.pid) + "/\(root.pid).l"
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var iterator = try await child.messages(of: Note.self).makeAsyncIterator()
    // The root listens from the first message on.
    try await child.send(Note(number: 0))
    test.equal(try await iterator.next(), Note(number: 0))
    async let attack = root.offload { assail(path, seed: seed, count: 10_000) }
    for number in 1..<200 {
      try await child.send(Note(number: number))
      test.equal(try await iterator.next(), Note(number: number))
      if number % 20 == 0 { test.equal(try await root.spawn(Square(number: 3)).result, 9) }
    }
    try await child.result
    test.expect(try await attack > 9_000)
    test.equal(try await root.spawn(Square(number: 4)).result, 16)
    // Those that spoke the transport's language and then lied are reported.
    for await event in events {
      if case .connectionRefused = event.kind { break }
    }
  },
  "sweepsDeadRuns": { root, test in
    // The test has left the directory of a run that was killed, and a process with its tag.
    _ = try await root.spawn(Square(number: 1)).result
  },
  "closedStandardDescriptors": { root, test in
    _ = try await root.spawn(Talkative(reports: 2)).result
    test.equal(try await root.spawn(Square(number: 4)).result, 16)
  },
  "floodOfFailures": { root, test in
    _ = try await root.spawn(Square(number: 0)).result
    let before = await settledAudit()
    for _ in 0..<50 {
      let child = try? await root.spawn(Failing(way: .killItself))
      _ = try? await child?.result
    }
    await test.noLeaks(since: before)
  },
]

/// Prints a line and stays until it is stopped.
struct LastingTalker: NodeProgram {
  static var spawnsChildren: Bool { false }
  var number: Int

  func run(in node: Node) async throws {
    print("line \(number)")
    guard let parent = node.parent else { return }
    for try await _ in try await parent.messages(of: Int.self) {}
  }
}

/// Adds up what comes.
struct Sum: NodeProgram {
  var numbers: Receiver<Int>

  func run(in node: Node) async throws -> Int {
    var sum = 0
    for try await number in numbers { sum += number }
    return sum
  }
}

/// Connects to a socket, finishes the handshake at every other one, and sends nothing more; returns
/// how many connections were not hung up on within a minute.
struct SilentStranger: NodeProgram {
  static var spawnsChildren: Bool { false }
  var path: String
  var count: Int

  func run(in node: Node) async throws -> Int {
    let (path, count) = (path, count)
    return try await node.offload {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      var silent: [pollfd] = []
      for number in 0..<count {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard connectUnix(descriptor, path) else { return -1 }
        let words = number % 2 == 0 ? greeting + ready : []
        _ = send(descriptor, words, words.count, Int32(MSG_NOSIGNAL))
        silent.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
      }
      let deadline = ContinuousClock.now + .seconds(60)
      var bytes = [UInt8](repeating: 0, count: 1_024)
      while !silent.isEmpty, ContinuousClock.now < deadline {
        poll(&silent, nfds_t(silent.count), 100)
        silent.removeAll { $0.revents != 0 && read($0.fd, &bytes, bytes.count) <= 0 }
      }
      return silent.count
    }
  }
}

/// The greeting of ZeroMQ's protocol 3.0 without security.
private let greeting: [UInt8] =
  [0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + Array("NULL".utf8)
  + [UInt8](repeating: 0, count: 48)

/// The command that ends a dealer's handshake.
private let ready: [UInt8] =
  [4, 28, 5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6]
  + Array("DEALER".utf8)

/// The directory of the run that a root has opened, by the descriptor of its lock.
func runDirectory(of pid: Int32) -> String {
  for number in 0..<256 {
    var buffer = [CChar](repeating: 0, count: 256)
    let length = readlink("/proc/\(pid)/fd/\(number)", &buffer, buffer.count)
    guard length > 5 else { continue }
    let path = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if path.hasSuffix("/lock") { return String(path.dropLast(5)) }
  }
  return ""
}

/// Connects many times and sends what no child would send; returns how many connections were made.
func assail(_ path: String, seed: UInt64, count: Int) -> Int {
  var random = SeededGenerator(seed: seed)
  var connected = 0
  for _ in 0..<count {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    guard connectUnix(descriptor, path) else { continue }
    connected += 1
    var bytes: [UInt8] = []
    let kind = Int.random(in: 0..<4, using: &random)
    if kind >= 1 { bytes += greeting }
    if kind >= 2 { bytes += ready }
    let noise = (0..<Int.random(in: 0..<300, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    // A well-formed frame with nonsense in it, or nonsense alone.
    bytes += kind == 3 ? [0, UInt8(min(noise.count, 255))] + noise.prefix(255) : noise
    _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
  }
  // All hang up at once, before their bytes are looked at; a last one stays for the answer. It
  // comes again when it is hung up on: a node that is this busy has no time for every handshake. An
  // empty frame is a question to the listener, which asks who is there.
  let words = ready + [0, 0]
  return (0..<60).contains { _ in hears(path, greeting, words) } ? connected : 0
}

/// Greets, sends something and waits until the answer has more bytes than a handshake.
private func hears(_ path: String, _ greeting: [UInt8], _ words: [UInt8]) -> Bool {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  guard connectUnix(descriptor, path) else { return false }
  var count = 0
  func hear(_ enough: Int) -> Bool {
    var answer = [UInt8](repeating: 0, count: 1_024)
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while count < enough {
      guard poll(&wait, 1, 5_000) == 1 else { return false }
      let length = read(descriptor, &answer, answer.count)
      guard length > 0 else { return false }
      count += length
    }
    return true
  }
  // libzmq hangs up on a peer that sends all at once.
  _ = send(descriptor, greeting, greeting.count, Int32(MSG_NOSIGNAL))
  guard hear(greeting.count) else { return false }
  _ = send(descriptor, words, words.count, Int32(MSG_NOSIGNAL))
  return hear(130)
}

private func connectUnix(_ descriptor: Int32, _ path: String) -> Bool {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
    }
  }
}
