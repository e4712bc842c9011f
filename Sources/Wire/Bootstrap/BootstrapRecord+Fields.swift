package import ProcessTreeMessagePack

extension BootstrapRecord: WireRecord {
  /// Reads the record; throws for that of a parent that speaks another major version.
  package init(fields: inout WireFields) throws {
    let version = ProtocolVersion(major: try fields.next(), minor: try fields.next())
    if let refusal = ProtocolVersion.current.refusal(of: "the parent", speaking: version) {
      throw WireError(refusal)
    }
    self.init(
      run: try fields.next(), path: try fields.next(), name: try fields.next(),
      isDaemon: try fields.next(), parent: try fields.next(), attempt: try fields.next(),
      endpoints: try fields.next(), program: try fields.next(), tag: try fields.next(),
      settings: (try fields.next() as WireBytes).bytes,
      renewalPeriod: try fields.nextIfPresent(),
      processSettings: (try fields.nextIfPresent() as WireBytes?)?.bytes,
      incarnation: max(1, try fields.nextIfPresent() ?? 1),
      address: try fields.nextIfPresent() ?? "",
      placement: (try fields.nextIfPresent() as Placement??) ?? nil)
  }

  package func pack(into writer: inout MessagePackWriter) {
    let version = ProtocolVersion.current
    let processSettings = processSettings.map(WireBytes.init)
    guard let placement else {
      return WireFields.pack(
        into: &writer, version.major, version.minor, run, path, name, isDaemon, parent, attempt,
        endpoints, program, tag, WireBytes(settings), renewalPeriod, processSettings, incarnation,
        address)
    }
    WireFields.pack(
      into: &writer, version.major, version.minor, run, path, name, isDaemon, parent, attempt,
      endpoints, program, tag, WireBytes(settings), renewalPeriod, processSettings, incarnation,
      address, placement)
  }
}

extension BootstrapRecord.Run: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      id: try fields.next(), rootPID: try fields.next(), rootStartTime: try fields.next(),
      directory: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, id, rootPID, rootStartTime, directory)
  }
}

extension BootstrapRecord.Peer: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(name: try fields.next(), pid: try fields.next(), startTime: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, name, pid, startTime)
  }
}

extension BootstrapRecord.Endpoints: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(control: try fields.next(), links: try fields.next())
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, control, links)
  }
}

extension BootstrapRecord.Program: WireRecord {
  package init(fields: inout WireFields) throws {
    self.init(
      type: try fields.next(), listIndex: try fields.next(),
      arguments: (try fields.next() as WireBytes?)?.bytes)
  }

  package func pack(into writer: inout MessagePackWriter) {
    WireFields.pack(into: &writer, type, listIndex, arguments.map(WireBytes.init))
  }
}
