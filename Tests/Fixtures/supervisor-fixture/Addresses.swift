import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// A till's word that it has an item.
struct Receipt: Codable, Sendable {
  var item: Int
  var incarnation: Int
}

/// Reports each item of its mailbox to the root before it acknowledges the item.
struct Till: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    let receipts = try await node.sender(to: .root, of: Receipt.self)
    for try await item in try await node.mailbox(of: Int.self) {
      try await receipts.send(Receipt(item: item, incarnation: node.incarnation))
      try await receipts.join()
    }
  }
}

/// Sends numbers to an address until all of them are acknowledged.
struct Clerk: NodeProgram {
  var address: NodeAddress
  var count: Int

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> ChannelCounts {
    let sender = try await node.sender(to: address, of: Int.self)
    try await sender.send(contentsOf: 1...count)
    try await sender.join()
    return try await sender.balance
  }
}

/// Replies with the number of its life; the first life ends over its second request.
struct Desk: NodeProgram {
  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws {
    node.announceUp()
    try await node.service(of: String.self, returning: Int.self).serve { request in
      if request == "die", node.incarnation == 1 { kill(getpid(), SIGKILL) }
      return node.incarnation
    }
  }
}

/// Asks a desk in another part of the tree, twice.
struct Cousin: NodeProgram {
  var address: NodeAddress

  static var spawnsChildren: Bool { false }

  func run(in node: Node) async throws -> [Int] {
    var replies: [Int] = []
    for request in ["hello", "die", "hello"] {
      replies.append(
        try await node.request(request, from: address, returning: Int.self, timeout: .patience))
    }
    return replies
  }
}

/// Starts a cousin, one level further down.
struct Office: NodeProgram {
  var address: NodeAddress

  func run(in node: Node) async throws -> [Int] {
    try await node.spawn(Cousin(address: address), name: "cousin").result
  }
}

let addressScenarios: [String: Scenario] = [
  "mailboxSurvives": { root, test in
    // The page of a first receiver stays.
    try await root.send(Receipt(item: 0, incarnation: 0), to: .root)
    let receipts = try await root.mailbox(of: Receipt.self)
    _ = try await receipts.take(1)
    let before = try await root.auditOfTheFirst()
    let kills = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 4 : 4
    let events = try await root.events
    let lives = try await root.withSupervisor(
      [ChildSpecification("till", Till())],
      intensity: RestartIntensity(restarts: kills, within: .seconds(600))
    ) { supervisor in
      let address = root.address.child("till")
      let clerk = try await root.spawn(Clerk(address: address, count: 1_000))
      // Until the clerk has all acknowledgements: the till waits for the receipts of items that
      // come again, too.
      async let counted = count(
        receipts, killing: "till", of: supervisor, kills, pace: 1_000 / (kills + 1))
      let balance = try await clerk.result
      receipts.close()
      let ledger = try await counted
      test.equal(balance.sent, 1_000)
      test.equal(balance.acknowledged, 1_000)
      test.equal(balance.quarantined, 0)
      test.expect(balance.isBalanced, "\(balance)")
      test.equal(ledger.items, Set(1...1_000))
      test.equal(ledger.incarnations, Set(1...(kills + 1)))
      test.expect(ledger.twice <= balance.redelivered, "\(ledger.twice) items came again")
      let lives = await supervisor.child("till")?.incarnation ?? 0
      test.equal(lives, kills + 1)
      return lives
    }
    var ends: [Int] = []
    for await event in events where event.node == "till" {
      guard case .exited(let report) = event.kind else { continue }
      test.equal(report.incarnation, event.incarnation)
      ends.append(report.incarnation)
      if ends.count == lives { break }
    }
    test.equal(ends, Array(1...lives))
    await test.nothingLeft(since: before)
  },
  "waitsWhileDown": { root, test in
    let receipts = try await root.mailbox(of: Receipt.self)
    try await root.withSupervisor([
      ChildSpecification("till", Till(), mailbox: MailboxPolicy(overflow: .fail(beyond: 3))),
      ChildSpecification("brief", Flapping(), restart: .temporary),
    ]) { supervisor in
      _ = try? await supervisor.waitUntilUp()
      try await supervisor.stop("till")
      let till = try await root.sender(to: root.address.child("till"), of: Int.self)
      for item in 1...3 { try await till.send(item) }
      let full = await test.thrown(ProcessTreeError.self) { try await till.send(4) }
      test.equal(full?.code, .queueFull)
      try await supervisor.start("till")
      let items = try await receipts.take(3)
      test.equal(items.map(\.item), [1, 2, 3])
      test.equal(items.map(\.incarnation), [2, 2, 2])
      try await till.join()
      _ = try await eventually { await supervisor.child("brief")?.phase == .failed }
      let gone = await test.thrown(ProcessTreeError.self) {
        try await root.send(1, to: root.address.child("brief"))
      }
      test.equal(gone?.code, .unreachable)
      test.expect(
        gone?.message.contains("/brief is gone for good: brief exited") == true, "\(gone as Any)")
      let unknown = await test.thrown(ProcessTreeError.self) {
        try await root.send(1, to: root.address.child("safe"))
      }
      test.equal(unknown?.code, .noSuchNode)
      test.equal(unknown?.message, "/ has no child safe: it has brief, till.")
      let taken = await test.thrown(ProcessTreeError.self) {
        try await root.supervising(["till"], .oneForOne) { _ in }
      }
      test.equal(taken?.code, .nameTaken)
      // The sender learns of the end of the supervisor.
      try await supervisor.stop("till")
      try await till.send(5)
      try await supervisor.remove("till")
      let removed = await test.thrown(ProcessTreeError.self) { try await till.join() }
      test.equal(removed?.code, .unreachable)
    }
    receipts.close()
  },
  "cousins": { root, test in
    let shop = SupervisorProgram([ChildSpecification("desk", Desk(), announcesUp: true)])
    let address = root.address.child("shop").child("desk")
    try await root.withSupervisor([ChildSpecification("shop", shop, announcesUp: true)]) {
      try await $0.waitUntilUp()
      let office = try await root.spawn(Office(address: address), name: "office")
      test.equal(try await office.result, [1, 2, 2])
      let unknown = await test.thrown(ProcessTreeError.self) {
        try await root.send(1, to: root.address.child("shop").child("safe"))
      }
      test.equal(unknown?.message, "/shop has no child safe: it has desk.")
      test.equal(
        root.snapshot.root.children.flatMap(\.children).map(\.incarnation), [2])
    }
  },
  "monitors": { root, test in
    let shop = SupervisorProgram([ChildSpecification("desk", Desk(), announcesUp: true)])
    let address = root.address.child("shop").child("desk")
    try await root.withSupervisor([ChildSpecification("shop", shop, announcesUp: true)]) {
      try await $0.waitUntilUp()
      var changes = try await root.monitor(address).makeAsyncIterator()
      test.equal(await changes.next()?.short, "up 1")
      _ = try await root.request("die", from: address, returning: Int.self)
      test.equal(await changes.next()?.short, "down 1: killed by SIGKILL from outside the tree")
      test.equal(await changes.next()?.short, "up 2")
      try await $0.stop("shop")
      test.expect(await changes.next()?.short.hasPrefix("down 2: stopped by") == true)
      test.expect(await changes.next()?.short.hasPrefix("ended: ") == true)
      test.equal(await changes.next()?.short, nil)
      // The monitor of an absent child reports that at once.
      var gone = try await root.monitor(address).makeAsyncIterator()
      test.equal(await gone.next()?.short, "ended: /shop is down at present.")
      var unknown = try await root.monitor(root.address.child("safe")).makeAsyncIterator()
      test.equal(await unknown.next()?.short, "ended: / has no child safe: it has shop.")
      test.equal(await unknown.next()?.short, nil)
    }
    let child = try await root.spawn(Service())
    var changes = try await root.monitor(child.address).makeAsyncIterator()
    test.equal(await changes.next()?.short, "up 1")
    _ = try await child.stop()
    test.expect(await changes.next()?.short.hasPrefix("down 1: ") == true)
    test.expect(await changes.next()?.short.hasPrefix("ended: ") == true)
    var own = try await root.monitor(.root).makeAsyncIterator()
    test.equal(await own.next()?.short, "up 1")
  },
  "looseAddresses": { root, test in
    let receipts = try await root.mailbox(of: Receipt.self)
    let first = try await root.spawn(Till(), name: "till")
    let second = try await root.spawn(Till(), name: "till")
    let third = try await root.spawn(Till())
    test.equal("\(first.address) \(second.address) \(third.address)", "/till#1 /till#2 /#3")
    try await root.send(1, to: first.address)
    try await root.send(2, to: second.address)
    try await root.send(3, to: third.address)
    try await root.send(4, to: root.address.child("Process-3"))
    test.equal(Set(try await receipts.take(4).map(\.item)), [1, 2, 3, 4])
    let several = await test.thrown(ProcessTreeError.self) {
      try await root.send(5, to: root.address.child("till"))
    }
    test.equal(
      several?.message, "/ has several children till: choose one of till#1, till#2.")
    _ = try await second.stop()
    try await root.send(6, to: root.address.child("till"))
    test.equal(try await receipts.take(1).map(\.item), [6])
    let gone = await test.thrown(ProcessTreeError.self) {
      try await root.send(7, to: second.address)
    }
    test.equal(gone?.code, .noSuchNode)
    for child in [first, third] { _ = try await child.stop() }
    receipts.close()
  },
]

extension Receiver<Receipt> {
  /// Receives so many receipts, and acknowledges them.
  fileprivate func take(_ count: Int) async throws -> [Receipt] {
    var taken: [Receipt] = []
    for try await delivery in deliveries {
      taken.append(delivery.element)
      delivery.acknowledge()
      if taken.count == count { break }
    }
    return taken
  }
}

/// The fates of the items that were sent to a child.
private struct Ledger {
  var items: Set<Int> = []
  var incarnations: Set<Int> = []
  var twice = 0
}

/// Receives receipts until their channel is closed, and kills the child each time that so many
/// items have come.
private func count(
  _ receipts: Receiver<Receipt>, killing name: String, of supervisor: Supervisor, _ kills: Int,
  pace: Int
) async throws -> Ledger {
  var ledger = Ledger()
  var left = kills
  var next = pace
  // A life that has been killed may still be the present one for its supervisor.
  var killed = 0
  for try await delivery in receipts.deliveries {
    let receipt = delivery.element
    delivery.acknowledge()
    if !ledger.items.insert(receipt.item).inserted { ledger.twice += 1 }
    ledger.incarnations.insert(receipt.incarnation)
    if left > 0, ledger.items.count >= next, let child = await supervisor.child(name),
      let pid = child.pid, child.incarnation > killed
    {
      killed = child.incarnation
      left -= 1
      next += pace
      kill(pid, SIGKILL)
    }
  }
  return ledger
}

extension NodeMonitor.Event {
  /// The event without what differs from run to run.
  fileprivate var short: String {
    switch self {
    case .up(let incarnation, _): "up \(incarnation)"
    case .down(let incarnation, let report):
      "down \(incarnation): \(report.map { "\($0.cause)" } ?? "-")"
    case .ended(let reason): "ended: \(reason)"
    }
  }
}
