import Glibc
import ProcessTree
import ProcessTreeScenarios

/// Its body is plain synchronous code.
struct Script: NodeProgram {
  var count: Int

  func run(in node: Node) async throws -> Int {
    var total = 0
    for number in 1...count { total += try add(number, in: node) }
    return total
  }

  private func add(_ number: Int, in node: Node) throws -> Int {
    try node.runBlocking {
      let (sender, receiver) = node.makePipe(of: Int.self)
      let child = try await node.spawn(Summer(receiver: receiver))
      try await sender.send(number)
      sender.finish()
      return try await child.result[1]
    }
  }
}

struct Refusal: Error {}

let blockingScenarios: [String: Scenario] = [
  "blockingFacade": { root, expect in
    expect.equal(try await root.spawn(Script(count: 10)).result, 55)
    expect.equal(try root.runBlocking { 3 }, 3)
    let error = await expect.thrown(Refusal.self) { try root.runBlocking { throw Refusal() } }
    expect.expect(error != nil)
    let elsewhere = try await root.offload {
      try root.runBlocking { try await root.spawn(Script(count: 3)).result }
    }
    expect.equal(elsewhere, 6)
  },
  "finishedChannelsAreAccountedFor": { root, expect in
    let events = try await root.events
    let (sender, receiver) = root.makeChannel(of: Int.self)
    let child = try await root.spawn(Producer(sender: sender, count: 1_000))
    sender.finish()
    var count = 0
    for try await _ in receiver { count += 1 }
    expect.equal(count, 1_000)
    for await event in events {
      guard case .channelFinished(let counts) = event.kind else { continue }
      expect.equal(event.node, child.name)
      expect.equal(counts.sent, 1_000)
      expect.equal(counts.acknowledged, 1_000)
      expect.expect(counts.isBalanced)
      break
    }
    expect.equal(try await child.join(), .exited(0))
  },
]
