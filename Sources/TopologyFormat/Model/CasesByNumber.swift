// Cases of plans travel as lists: a number, and what the case holds.
//
// What the compiler makes has a type of keys for each case. The runtime looks for the conformance
// of each type among all of the program, 0.1 ms each, at the root and again in the process of each
// node.

extension NodePlan.Kind {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    switch self {
    case .command(let plan):
      try list.encode(1)
      try list.encode(plan)
    case .group(let plan):
      try list.encode(2)
      try list.encode(plan)
    case .pipeline(let plan):
      try list.encode(3)
      try list.encode(plan)
    case .program(let plan):
      try list.encode(4)
      try list.encode(plan)
    }
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    switch try list.decode(Int.self) {
    case 1: self = .command(try list.decode(CommandPlan.self))
    case 2: self = .group(try list.decode(GroupPlan.self))
    case 3: self = .pipeline(try list.decode(PipelinePlan.self))
    case 4: self = .program(try list.decode(ProgramPlan.self))
    case let number: throw list.noCase(number)
    }
  }
}

extension CommandPlan.Inherited {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    switch self {
    case .all: try list.encode(1)
    case .nothing: try list.encode(2)
    case .only(let names):
      try list.encode(3)
      try list.encode(names)
    }
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    switch try list.decode(Int.self) {
    case 1: self = .all
    case 2: self = .nothing
    case 3: self = .only(try list.decode([String].self))
    case let number: throw list.noCase(number)
    }
  }
}

extension CommandPlan.Stream {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    switch self {
    case .log: try list.encode(1)
    case .null: try list.encode(2)
    case .output: try list.encode(3)
    case .file(let path, let appends):
      try list.encode(4)
      try list.encode(path)
      try list.encode(appends)
    }
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    switch try list.decode(Int.self) {
    case 1: self = .log
    case 2: self = .null
    case 3: self = .output
    case 4: self = .file(try list.decode(Scalar.self), appends: try list.decode(Bool.self))
    case let number: throw list.noCase(number)
    }
  }
}

extension Scalar.Piece {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    switch self {
    case .text(let text):
      try list.encode(1)
      try list.encode(text)
    case .instance(let factor, let plus):
      try list.encode(2)
      try list.encode(factor)
      try list.encode(plus)
    case .runIdentity: try list.encode(3)
    case .runScratch: try list.encode(4)
    case .unknown: try list.encode(5)
    }
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    switch try list.decode(Int.self) {
    case 1: self = .text(try list.decode(String.self))
    case 2:
      self = .instance(factor: try list.decode(Int.self), plus: try list.decode(Int.self))
    case 3: self = .runIdentity
    case 4: self = .runScratch
    case 5: self = .unknown
    case let number: throw list.noCase(number)
    }
  }
}

extension UnkeyedDecodingContainer {
  fileprivate func noCase(_ number: Int) -> DecodingError {
    .dataCorruptedError(in: self, debugDescription: "no case has the number \(number)")
  }
}
