import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// The fate of an element.
struct Done: Codable, Sendable, Hashable {
  var number: Int
  var worker: Int32
}

/// Works on elements of its channel one after the other, and reports which it has done.
struct Worker: NodeProgram {
  var receiver: Receiver<Int>
  var done: Sender<Done>
  var time: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    for try await number in receiver {
      try await node.sleep(for: .milliseconds(time))
      try await done.send(Done(number: number, worker: node.pid))
    }
  }
}

/// Reports when it begins an element and when it has done it.
struct Telling: NodeProgram {
  var receiver: Receiver<Int>
  var time: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    node.announceUp()
    for try await number in receiver {
      print("began \(number)")
      try await node.sleep(for: .milliseconds(time))
      print("did \(number)")
      fflush(nil)
    }
  }
}

/// Replies with its process id, after a time.
struct Replier: NodeProgram {
  var service: ProcessTree.Service<Int, [Int]>
  var time: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await service.serve { [time] number in
      try await node.sleep(for: .milliseconds(time))
      return [number, Int(node.pid)]
    }
  }
}

/// Does not listen to a drain.
struct Heedless: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    while true { try await node.sleep(for: .seconds(3_600)) }
  }
}

/// Ends when it is asked to drain.
struct Heeding: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> Bool {
    try await node.waitUntilDraining()
    return node.isDraining
  }
}

let drainedRootScenarios: [String: Scenario] = [
  "drainedBySignal": { root, _ in
    // A test looks at the output, and at how this process ends.
    root.configure {
      $0.stopPolicy = StopPolicy(drain: .patience, ask: .zero, terminate: .zero)
    }
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 8)
    let workers = ["a", "b"].map { name in
      ChildSpecification(
        name, Telling(receiver: receiver, time: 40), restart: .transient,
        dependsOn: name == "a" ? [:] : ["a": .up])
    }
    let events = try await root.events
    let reader = Task.detached {
      for await event in events {
        if case .exited(let report) = event.kind { print("end \(event.node) \(report.cause)") }
      }
    }
    try await root.withSupervisor(workers) { supervisor in
      receiver.close()
      for number in 1...100 { try await sender.send(number) }
      try await supervisor.waitUntilUp()
      try await root.sleep(for: .milliseconds(200))
      kill(getpid(), SIGTERM)
      try await supervisor.waitUntilOver()
      print("over \(root.isDraining)")
    }
    reader.cancel()
    fflush(nil)
  }
]

let drainScenarios: [String: Scenario] = [
  "drainedWorkers": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self, prefetch: 64)
    let (reports, done) = root.makeChannel(of: Done.self)
    let count = 600
    let workers = (0..<4).map {
      ChildSpecification("worker-\($0)", Worker(receiver: receiver, done: reports, time: 1))
    }
    try await root.withSupervisor(workers) { supervisor in
      receiver.close()
      reports.finish()
      try await supervisor.waitUntilUp()
      let pids = await supervisor.children.compactMap(\.pid)
      async let sending: Void = {
        for number in 0..<count { try await sender.send(number) }
        try await sender.join()
      }()
      var seen: [Int: Int32] = [:]
      var drained: [Task<Void, any Error>] = []
      for try await report in done {
        expect.equal(seen.updateValue(report.worker, forKey: report.number), nil)
        if seen.count == 100 * (drained.count + 1), drained.count < 3 {
          let name = "worker-\(drained.count)"
          drained.append(Task { try await supervisor.drain(name, within: .patience) })
        }
        if seen.count == count { break }
      }
      // Each element once, although three of four workers have gone meanwhile.
      expect.equal(seen.count, count)
      for task in drained { try await task.value }
      try await sending
      let balance = try await sender.balance
      expect.equal(balance.sent, count)
      expect.equal(balance.acknowledged, count)
      let children = await supervisor.children
      expect.equal(children.map(\.phase), [.stopped, .stopped, .stopped, .up])
      // On a busy machine one may be drained before it has got anything.
      expect.expect(Set(seen.values).count > 1 && pids.count == 4, "\(pids)")
      for child in children.prefix(3) {
        expect.expect(child.lastEnd?.contains("completed") ?? false, child.lastEnd ?? "no end")
      }
    }
  },
  "drainedServer": { root, expect in
    let (client, service) = root.makeService(of: Int.self, returning: [Int].self)
    let servers = try await [
      root.spawn(Replier(service: service, time: 20)),
      root.spawn(Replier(service: service, time: 20)),
    ]
    service.close()
    _ = try await client.call(0)
    // More than both can begin at once: some wait at the server that drains.
    let calls = (1...40).map { number in Task { try await client.call(number) } }
    try await root.sleep(for: .milliseconds(50))
    async let drained = servers[0].drain(within: .patience, reason: "an update")
    for (index, call) in calls.enumerated() { expect.equal(try await call.value[0], index + 1) }
    expect.equal(try await drained, .exited(0))
    let report = servers[0].exitReport
    expect.equal(report?.cause, .completed)
    expect.equal(report?.stopRequest?.reason, "an update")
    expect.expect(servers[1].isAlive)
    for _ in 0..<5 { expect.equal(try await client.call(7)[1], Int(servers[1].pid ?? 0)) }
    client.finish()
    expect.equal(try await servers[1].join(timeout: .patience), .exited(0))
  },
  "drainsInOrder": { root, expect in
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let (reports, done) = root.makeChannel(of: Done.self)
    let shop = SupervisorProgram([
      ChildSpecification("base", Heeding(), restart: .transient),
      ChildSpecification(
        "worker", Worker(receiver: receiver, done: reports, time: 30), dependsOn: ["base": .up]),
    ])
    let child = try await root.spawn(shop, name: "shop")
    receiver.close()
    reports.finish()
    let events = try await child.events
    try await sender.send(1)
    for number in 2...40 { try await sender.send(number) }
    for try await first in done.deliveries {
      first.acknowledge()
      break
    }
    async let drained = child.drain(within: .patience)
    // The worker's node waits until its reports have been acknowledged.
    let finished = Task {
      var count = 1
      for try await _ in done { count += 1 }
      return count
    }
    var ends: [String: ExitReport] = [:]
    var order: [String] = []
    for await event in events {
      guard case .exited(let report) = event.kind else { continue }
      ends[event.node] = report
      order.append(event.node)
      if event.node == "shop" { break }
    }
    expect.equal(try await drained, .exited(0))
    expect.equal(order, ["worker", "base", "shop"])
    for (name, report) in ends {
      expect.equal(report.cause, .completed)
      expect.equal(report.stopRequest?.origin, .node(address: "/"))
      expect.equal(report.stopRequest?.reason, "asked to drain")
      expect.expect(report.exitCode == 0, name)
    }
    // What the worker had begun is done; the rest is the sender's.
    let count = try await finished.value
    let balance = try await sender.balance
    expect.expect(count < 40, "\(count)")
    expect.equal(balance.acknowledged, count)
  },
  "drainsWithinItsTime": { root, expect in
    let child = try await root.spawn(Heedless())
    let start = ContinuousClock.now
    expect.equal(try await child.drain(within: .milliseconds(100)), .exited(0))
    let time = start.duration(to: .now)
    expect.expect(time >= .milliseconds(100) && time < .patience, "\(time)")
    expect.equal(child.exitReport?.cause.isStop, true)
    // A stop ends a drain, also one by a supervisor.
    let other = try await root.spawn(Heedless())
    async let drained = other.drain(within: .seconds(3_600))
    try await root.sleep(for: .milliseconds(20))
    let stop = try await other.stop()
    expect.equal(stop, .exited(0))
    expect.equal(try await drained, .exited(0))
    try await root.withSupervisor([ChildSpecification("heedless", Heedless())]) { supervisor in
      try await supervisor.waitUntilUp()
      async let drained: Void = supervisor.drain("heedless", within: .seconds(3_600))
      try await root.sleep(for: .milliseconds(20))
      try await supervisor.stop("heedless")
      try await drained
      try await supervisor.start("heedless")
      let drain = Task { try await supervisor.drain("heedless", within: .seconds(3_600)) }
      try await root.sleep(for: .milliseconds(20))
      drain.cancel()
    }
  },
  "mailboxesOfADrainedChild": { root, expect in
    try await root.withSupervisor([ChildSpecification("doubler", Doubling())]) { supervisor in
      try await supervisor.waitUntilUp()
      let address = root.address.child("doubler")
      expect.equal(try await root.request(1, from: address, returning: Int.self), 2)
      try await supervisor.drain("doubler", within: .patience)
      // A request waits for the next life, as long as its deadline lets it.
      let late = await expect.thrown(ProcessTreeError.self) {
        _ = try await root.request(
          2, from: address, returning: Int.self, timeout: .milliseconds(50))
      }
      expect.equal(late?.code, .deadlinePassed)
      async let waiting = root.request(3, from: address, returning: Int.self, timeout: .patience)
      try await supervisor.start("doubler")
      expect.equal(try await waiting, 6)
      expect.equal(await supervisor.child("doubler")?.incarnation, 2)
    }
  },
]

/// Doubles what is sent to its mailbox.
struct Doubling: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    try await node.service(of: Int.self, returning: Int.self).serve { $0 * 2 }
  }
}
