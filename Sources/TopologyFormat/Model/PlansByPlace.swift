// Structures of plans travel as lists, each property at its place; an empty one is nil.
//
// What the compiler makes has a type of keys for each structure, for which the runtime makes five
// types of containers, at the root and again in the process of each node. Both are always of one
// build, so no key has to be looked for.

extension NodePlan {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(name)
    try list.encode(address)
    try put(description, in: &list)
    try list.encode(origin)
    try list.encode(kind)
    try put(instances, in: &list)
    try put(hosts.isEmpty ? nil : hosts, in: &list)
    try put(dependsOn.isEmpty ? nil : dependsOn, in: &list)
    try put(readiness, in: &list)
    try put(liveness, in: &list)
    try list.encode(restart)
    try put(timeLimit, in: &list)
    try list.encode(stop)
    try list.encode(logKept)
    try list.encode(mayFail)
    try list.encode(isManual)
    try put(profiles.isEmpty ? nil : profiles, in: &list)
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    name = try list.decode(String.self)
    address = try list.decode(String.self)
    description = try take(String.self, of: &list)
    origin = try list.decode(String.self)
    kind = try list.decode(Kind.self)
    instances = try take(Int.self, of: &list)
    hosts = try take([String].self, of: &list) ?? []
    dependsOn = try take([String: Condition].self, of: &list) ?? [:]
    readiness = try take(CheckPlan.self, of: &list)
    liveness = try take(CheckPlan.self, of: &list)
    restart = try list.decode(RestartPlan.self)
    timeLimit = try take(Duration.self, of: &list)
    stop = try list.decode(StopPlan.self)
    logKept = try list.decode(Int.self)
    mayFail = try list.decode(Bool.self)
    isManual = try list.decode(Bool.self)
    profiles = try take([String].self, of: &list) ?? []
  }
}

extension RestartPlan {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(when.rawValue)
    try put(backoff, in: &list)
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    let word = try list.decode(String.self)
    guard let when = When(rawValue: word) else {
      throw DecodingError.dataCorruptedError(
        in: list, debugDescription: "'\(word)' says not when to restart")
    }
    self.when = when
    backoff = try take(Backoff.self, of: &list)
  }
}

extension StopPlan {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(signal)
    try put(command, in: &list)
    try list.encode(within)
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    signal = try list.decode(String.self)
    command = try take([Scalar].self, of: &list)
    within = try list.decode(Duration.self)
  }
}

extension CommandPlan {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(words)
    try put(environment.isEmpty ? nil : environment, in: &list)
    try list.encode(inherited)
    try list.encode(directory)
    try put(user, in: &list)
    try put(group, in: &list)
    try put(umask, in: &list)
    try put(limits.isEmpty ? nil : limits, in: &list)
    try put(success.isEmpty ? nil : success, in: &list)
    try put(input, in: &list)
    try list.encode(output)
    try list.encode(error)
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    words = try list.decode([Scalar].self)
    environment = try take([Change].self, of: &list) ?? []
    inherited = try list.decode(Inherited.self)
    directory = try list.decode(Scalar.self)
    user = try take(String.self, of: &list)
    group = try take(String.self, of: &list)
    umask = try take(UInt32.self, of: &list)
    limits = try take([Limit].self, of: &list) ?? []
    success = try take([Int32].self, of: &list) ?? []
    input = try take(Scalar.self, of: &list)
    output = try list.decode(Stream.self)
    error = try list.decode(Stream.self)
  }
}

/// A plain text as itself, which nearly all are.
extension Scalar {
  package func encode(to encoder: any Encoder) throws {
    var list = encoder.unkeyedContainer()
    try list.encode(isPlain)
    try list.encode(isSecret)
    if pieces.count == 1, case .text(let text) = pieces[0] {
      try list.encode(text)
    } else {
      try list.encodeNil()
      try list.encode(pieces)
    }
  }

  package init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    isPlain = try list.decode(Bool.self)
    isSecret = try list.decode(Bool.self)
    if let text = try take(String.self, of: &list) {
      pieces = [.text(text)]
    } else {
      pieces = try list.decode([Piece].self)
    }
  }
}

/// Writes a value, or that there is none: the runtime then makes nothing for its type.
@inline(__always)
private func put<Value: Encodable>(
  _ value: Value?, in list: inout any UnkeyedEncodingContainer
) throws {
  guard let value else { return try list.encodeNil() }
  try list.encode(value)
}

/// Reads what `put` has written.
@inline(__always)
private func take<Value: Decodable>(
  _ type: Value.Type, of list: inout any UnkeyedDecodingContainer
) throws -> Value? {
  try list.decodeNil() ? nil : list.decode(type)
}
