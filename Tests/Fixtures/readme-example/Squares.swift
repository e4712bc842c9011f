import ProcessTree

struct Square: NodeProgram {  // its properties are its arguments
  var number: Int
  func run(in node: Node) async throws -> Int { number * number }
}

@main
struct Squares: ProcessTreeApp {  // takes main over
  func run(in root: Node) async throws {
    let child = try await root.spawn(Square(number: 12))
    print(child.name, try await child.result)  // Process-1 144

    let total = try await root.withChildren(of: Int.self, limit: 5) { group in
      for number in 1...100 { try await group.spawn(Square(number: number)) }
      return try await group.reduce(0, +)
    }
    print(total)  // 338350
  }
}
