import ProcessTree

/// An app as its documentation shows it; `@main` would make it an executable.
struct Squares: ProcessTreeApp {
  static var configuration: TreeConfiguration {
    var configuration = TreeConfiguration()
    configuration.defaultLimit = 4
    return configuration
  }

  static let programs: [any NodeProgram.Type] = [Square.self]

  func run(in root: Node) async throws {
    let child = try await root.spawn(Square(number: 12), name: "square")
    print(child.name, try await child.result)

    let total = try await root.withChildren(of: Int.self, limit: 5) { group in
      for number in 1...100 { try await group.spawn(Square(number: number)) }
      return try await group.reduce(0, +)
    }
    print(total)

    let outputs = try await root.withChildren(of: Payload.self) { group in
      let payload = Payload(name: "a", values: [1, 2])
      try await group.spawn(Summary(payload: payload, depth: 1))
      var outputs: [Payload] = []
      for try await output in group { outputs.append(output) }
      return outputs
    }
    print(outputs.count)
    try await watch(root)
  }

  /// Events, failures and stopping, from a method of the same type.
  private func watch(_ root: Node) async throws {
    let child = try root.makeChild(Leaf(), daemon: true)
    try await child.start()
    let events = try await child.events
    async let status = child.join(timeout: .seconds(1))
    for await event in events { print(event.kind) }
    if try await status == nil { try await child.stop(reason: "too slow") }
    do {
      try await child.result
    } catch let failure as RemoteFailure {
      print(failure.typeName, failure.path)
    } catch let failure as ChildFailure {
      print(failure.report.cause)
    }
  }
}

/// An `@MainActor` model that uses a tree, as an application's interface would.
final class Model {
  private(set) var results: [Int] = []

  func fill(from root: Node) async throws {
    results = try await root.withChildren(of: Int.self) { group in
      try await group.spawn(Square(number: 3))
      return try await group.inSpawnOrder()
    }
  }
}
