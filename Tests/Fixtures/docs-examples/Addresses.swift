import Glibc
import ProcessTree

struct Cashier: NodeProgram {
  func run(in node: Node) async throws {
    let total = try await node.sender(to: .root, of: String.self)
    for try await price in try await node.mailbox(of: Int.self) {
      // The first life does not survive its first item; the next one gets the item again.
      if node.incarnation == 1 { _exit(3) }
      try await total.send("\(node.address), life \(node.incarnation): \(price)")
      try await total.join()
    }
  }
}

func sendToAnAddress(_ root: Node) async throws {
  let lines = try await root.mailbox(of: String.self)
  let shop = SupervisorProgram([ChildSpecification("till", Cashier())])
  try await root.withSupervisor([ChildSpecification("shop", shop, announcesUp: true)]) {
    try await $0.waitUntilUp()
    let till = try await root.sender(to: root.address.child("shop").child("till"), of: Int.self)
    for price in [5, 7, 9] { try await till.send(price) }
    var count = 0
    for try await line in lines.deliveries {
      print(line.element)  // /shop/till, life 2: 5, then 7 and 9
      line.acknowledge()
      count += 1
      if count == 3 { break }
    }
    try await till.join()  // everything has been acknowledged
  }
}

struct Register: NodeProgram {
  func run(in node: Node) async throws {
    try await node.service(of: Int.self, returning: Int.self).serve { $0 * 2 }
  }
}

func watchAnAddress(_ root: Node) async throws {
  try await root.withSupervisor([ChildSpecification("register", Register())]) { supervisor in
    let address = root.address.child("register")
    var changes = try await root.monitor(address).makeAsyncIterator()
    print(try await root.request(21, from: address, returning: Int.self))  // 42
    try await supervisor.restart("register")
    print(try await root.request(4, from: address, returning: Int.self))  // 8
    while let change = await changes.next() {
      switch change {
      case .up(let incarnation, _): print("up", incarnation)  // up 1, and later up 2
      case .down(let incarnation, let report?): print("down", incarnation, report.cause)
      case .down, .ended: break
      }
      if case .up(incarnation: 2, _) = change { break }
    }
  }
}
