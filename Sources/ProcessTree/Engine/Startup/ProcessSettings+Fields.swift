internal import ProcessTreeMessagePack
internal import ProcessTreeWire

extension ProcessSettings: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(
      environment: try fields.next(), directory: try fields.next(), limits: try fields.next(),
      umask: try fields.next(), niceness: try fields.next(),
      processors: (try fields.next() as [Int]?).map { Set($0) })
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, environment, directory, limits, umask, niceness, processors?.sorted())
  }
}

extension Command.Environment: WireRecord {
  init(fields: inout WireFields) throws {
    self.init(
      inherits: try fields.next(),
      added: Dictionary(
        (try fields.next() as [EnvironmentVariable]).map { ($0.name, $0.value) },
        uniquingKeysWith: { $1 }),
      removed: Set(try fields.next() as [String]))
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(
      into: &writer, inherits,
      added.sorted { $0.key < $1.key }.map { EnvironmentVariable(name: $0.key, value: $0.value) },
      removed.sorted())
  }
}

private struct EnvironmentVariable: WireRecord {
  let name: String
  let value: String

  init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  init(fields: inout WireFields) throws {
    self.init(name: try fields.next(), value: try fields.next())
  }

  func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, name, value)
  }
}

/// The number of the case, then its value.
extension ResourceLimit: WireRecord {
  init(fields: inout WireFields) throws {
    let number: Int = try fields.next()
    self =
      switch number {
      case 1: .cpuTime(try fields.next())
      case 2: .addressSpace(try fields.next())
      case 3: .openFiles(try fields.next())
      case 4: .processes(try fields.next())
      case 5: .fileSize(try fields.next())
      case 6: .coreSize(try fields.next())
      case 7: .stackSize(try fields.next())
      default: throw WireError("no limit has the number \(number)")
      }
  }

  func pack(into writer: inout MessagePackWriter) {
    switch self {
    case .cpuTime(let time): WireFields.pack(into: &writer, 1, time)
    case .addressSpace(let bytes): WireFields.pack(into: &writer, 2, bytes)
    case .openFiles(let count): WireFields.pack(into: &writer, 3, count)
    case .processes(let count): WireFields.pack(into: &writer, 4, count)
    case .fileSize(let bytes): WireFields.pack(into: &writer, 5, bytes)
    case .coreSize(let bytes): WireFields.pack(into: &writer, 6, bytes)
    case .stackSize(let bytes): WireFields.pack(into: &writer, 7, bytes)
    }
  }
}
