import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Channels join nodes on several hosts as they join those of one.
let channelScenarios: [String: Scenario] = [
  "pipes": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let (requests, taken) = root.makePipe(of: [UInt8].self)
      let (given, answers) = root.makePipe(of: [UInt8].self)
      let child = try await root.spawn(PipeEcho(requests: taken, answers: given), on: hosts)
      var received = answers.makeAsyncIterator()
      for size in [0, 1, 1_000, 300_000, 3 << 20] {
        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)
        try await requests.send(bytes)
        test.expect(try await received.next() == bytes, "\(size) bytes are others")
      }
      requests.finish()
      test.equal(try await received.next(), nil)
      try await child.result
    }
  },

  // Links that need the gates: to a sibling here, to one on the same host, and to another host.
  "pipesOfSiblings": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      for (from, to) in [("b", nil), (nil, "b"), ("b", "b"), ("b", "c")] as [(String?, String?)] {
        let (sender, receiver) = root.makePipe(of: Int.self)
        let summer = try await root.spawn(Summer(receiver: receiver), at: to, of: hosts)
        let producer = try await root.spawn(
          Producer(sender: sender, count: 20_000), at: from, of: hosts)
        try await producer.result
        test.equal(try await summer.result, [20_000, 200_010_000])
      }
    }
  },

  // Senders and receivers at all places.
  "work": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let (numbers, taken) = root.makeChannel(of: [Int].self, prefetch: 4)
      let takers = try await [nil, "b", "c"].asyncMap {
        try await root.spawn(Taker(numbers: taken), at: $0, of: hosts)
      }
      let givers = try await ["b", nil].enumerated().asyncMap { number, place in
        try await root.spawn(
          Giver(numbers: numbers, as: number, count: 3_000), at: place, of: hosts)
      }
      taken.close()
      numbers.finish()
      for giver in givers { try await giver.result }
      let all = try await takers.asyncMap { try await $0.result }
      test.expect(!all.contains([]), "a receiver got nothing")
      test.equal(Set(all.joined()).count, 6_000)
      test.equal(all.joined().count, 6_000)
    }
  },

  "services": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let (client, service) = root.makeService(of: Int.self, returning: Int.self)
      for host in ["b", "c"] {
        _ = try await root.spawn(Squares(service: service), at: host, of: hosts)
      }
      let asker = try await root.spawn(Asker(client: client), at: "b", of: hosts)
      for number in 1...200 { test.equal(try await client.call(number), number * number) }
      test.equal(try await asker.result, (1...200).reduce(0) { $0 + $1 * $1 })
      let error = await test.thrown(RemoteFailure.self) { _ = try await client.call(-1) }
      test.expect("\(error as Any)".contains("on purpose"), "\(error as Any)")
    }
  },

  "broadcasts": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let (sender, receiver) = root.makeBroadcast(of: Int.self)
      let (publisher, subscriber) = root.makeTopics(of: Int.self)
      let summers = try await [nil, "b", "b", "c"].asyncMap {
        try await root.spawn(Summer(receiver: receiver), at: $0, of: hosts)
      }
      let readers = try await ["b", "c"].asyncMap {
        try await root.spawn(Reader(subscriber: subscriber, topic: $0), at: $0, of: hosts)
      }
      for reader in readers {
        for try await _ in try await reader.messages(of: Bool.self) { break }
      }
      for number in 1...5_000 {
        try await sender.send(number)
        try await publisher.publish(number, on: number % 2 == 0 ? "b" : "c")
      }
      sender.finish()
      publisher.finish()
      for summer in summers { test.equal(try await summer.result, [5_000, 12_502_500]) }
      test.equal(try await readers[0].result, [2_500, 6_252_500])
      test.equal(try await readers[1].result, [2_500, 6_250_000])
    }
  },

  // Nodes that a child over there has started hold ends as well, and make channels.
  "grandchildren": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let (sender, receiver) = root.makePipe(of: Int.self)
      let (numbers, taken) = root.makePipe(of: Int.self)
      let summer = try await root.spawn(
        AboveSummer(below: Summer(receiver: receiver)), at: "b", of: hosts)
      let middle = try await root.spawn(
        AboveProducer(below: Producer(sender: sender, count: 3_000)), at: "c", of: hosts)
      let maker = try await root.spawn(Maker(numbers: numbers), at: "b", of: hosts)
      try await middle.result
      test.equal(try await summer.result, [3_000, 4_501_500])
      var sum = 0
      for try await number in taken { sum += number }
      test.equal(sum, 5_050)
      try await maker.result
    }
  },

  "addresses": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let mailbox = try await root.mailbox(of: Int.self)
      let sender = try await root.spawn(Reaching(), at: "b", of: hosts)
      for try await delivery in mailbox.deliveries {
        test.equal(delivery.element, 1)
        delivery.acknowledge()
        break
      }
      test.equal(try await sender.result(timeout: .seconds(20)), "sent")
    }
  },

  // The element in hand is to blame for a process that is killed over there, and no other.
  "blame": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let (numbers, taken) = root.makeChannel(of: Int.self, attempts: 3)
      async let victims: Void = {
        while true {
          let child = try await root.spawn(Victim(numbers: taken, poison: 20), on: hosts)
          if try await child.join() == .exited(0) { return }
        }
      }()
      for number in 1...50 { try await numbers.send(number) }
      let error = await test.thrown(ProcessTreeError.self) { try await numbers.join() }
      test.equal(error?.code, .itemQuarantined)
      let dead = try await numbers.takeQuarantined()
      test.equal(dead.map(\.element), [20])
      test.equal(dead.first?.deaths.map { $0.report?.status }.count, 3)
      test.equal(dead.first?.deaths.allSatisfy { $0.elementOffset == 7 }, true)
      let places = dead.first?.deaths.map { $0.report?.host } ?? []
      test.expect(places.allSatisfy { ["b", "c"].contains($0) }, "the deaths were on \(places)")
      numbers.finish()
      taken.close()
      try await victims
    }
  },

  // Three hosts go one after the other, each with the same element in hand: it is done all the
  // same.
  "hostsLostWithAnElement": { root, test in
    try await root.withHosts([here("b"), here("c"), here("d")]) { hosts in
      let (numbers, taken) = root.makeChannel(of: Int.self, prefetch: 1, attempts: 1)
      try await numbers.send(7)
      for name in ["b", "c", "d"] {
        let child = try await root.spawn(
          Holder(numbers: taken, pauses: true), at: name, of: hosts)
        for try await _ in try await child.messages(of: Bool.self) { break }
        kill(parent(child.pid ?? 0), SIGKILL)
        try await child.join()
        test.expect(child.exitReport?.cause.isHostLoss == true, "\(child.exitReport as Any)")
      }
      let last = try await root.spawn(Holder(numbers: taken, pauses: false))
      for try await _ in try await last.messages(of: Bool.self) { break }
      try await numbers.join()
      numbers.finish()
      taken.close()
      test.equal(try await last.result, [7, 4])
      test.equal(try await numbers.balance.quarantined, 0)
    }
  },

  // 64 MiB, or as many as the second argument, in each direction, through processes whose memory
  // does not grow by that.
  "bulk": { root, test in
    let count = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 64
    try await root.withHosts([here("b")]) { hosts in
      let large = try await root.spawn(Large(given: [7], count: 64 << 20), on: hosts)
      test.equal(try await large.result, [UInt8](repeating: 7, count: 64 << 20))
      let (requests, taken) = root.makePipe(of: [UInt8].self)
      let (given, answers) = root.makePipe(of: [UInt8].self)
      let child = try await root.spawn(PipeEcho(requests: taken, answers: given), on: hosts)
      let halves = [keeper(of: root), parent(child.pid ?? 0)]
      let before = halves.map(peakMemory)
      let bytes = [UInt8](repeating: 9, count: 1 << 20)
      async let sending: Void = {
        for _ in 0..<count { try await requests.send(bytes) }
        requests.finish()
      }()
      var received = 0
      for try await answer in answers {
        received += answer.count
        if received == 10 << 20 { try await Task.sleep(for: .milliseconds(500)) }
      }
      try await sending
      try await child.result
      test.equal(received, count << 20)
      for (half, before) in zip(halves, before) {
        let grown = peakMemory(of: half) - before
        test.expect(grown < 40 << 10, "a half has grown by \(grown) KiB")
      }
    }
  },
]

/// The most memory that a process had, in KiB; 0 if there is none.
private func peakMemory(of pid: Int32) -> Int {
  guard let stream = fopen("/proc/\(pid)/status", "r") else { return 0 }
  defer { fclose(stream) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, 256, stream) != nil {
    let text = String(
      decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard text.hasPrefix("VmHWM:") else { continue }
    return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
  return 0
}

extension Sequence {
  /// The results of a closure, one after the other.
  func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await body(element)) }
    return values
  }
}

extension Node {
  /// Starts a child on the host with a name, or here.
  func spawn<Program: NodeProgram>(
    _ program: Program, at host: String?, of hosts: HostPool
  ) async throws -> Child<Program.Output> {
    guard let host else { return try await spawn(program) }
    guard let host = hosts[host] else { throw HostScenarioError() }
    return try await spawn(program, on: host)
  }
}
