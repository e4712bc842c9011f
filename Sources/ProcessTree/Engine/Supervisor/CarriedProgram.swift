internal import ProcessTreeBase

/// A program of any type, encoded with the name of its type.
struct CarriedProgram: Sendable, Codable {
  var program: any NodeProgram

  init(program: any NodeProgram) { self.program = program }

  init(from decoder: any Decoder) throws {
    // Only nodes of this run, which prove themselves, may name a type.
    guard let key = CodingUserInfoKey.channelContext, decoder.userInfo[key] != nil else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "A program can be decoded only where a node receives it."))
    }
    var container = try decoder.unkeyedContainer()
    let name = try container.decode(String.self)
    guard let type = TypeName.find(name) as? any NodeProgram.Type else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "No program has the name \(name).")
    }
    func decode<Program: NodeProgram>(_ type: Program.Type) throws -> any NodeProgram {
      try container.decode(Program.self)
    }
    program = try decode(type)
  }

  func encode(to encoder: any Encoder) throws {
    let type = type(of: program)
    // The list of an app is not known to a value, so that a program in it has to have a name.
    let reference = try ProgramReference(type, listed: [])
    var container = encoder.unkeyedContainer()
    try container.encode(reference.name)
    try container.encode(program)
  }
}
