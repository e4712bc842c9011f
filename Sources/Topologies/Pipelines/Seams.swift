internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// The seams of a pipeline: at which places records travel whole, any number of them together, and
/// at which they need not travel, because commands join hands.
///
/// They are whole where nobody on either side looks at single records: behind the source or
/// streams, before streams or the sink, all in the same framing. A seam is a joint if besides there
/// is one command on either side, and both are on this machine.
extension PipelinePlan {
  /// How records come from one part to the next.
  enum Seam {
    /// One by one.
    case single
    /// Any number together, with their marks.
    case whole
    /// Through a pipe from one command to another.
    case joint

    /// Whether records come whole, where this is the joint that has been made.
    ///
    /// A seam that can be a joint can be whole: both sides have one framing, and nobody looks at
    /// single records.
    func isWhole(by joint: CommandJoint?) -> Bool {
      self == .whole || self == .joint && joint == nil
    }

    /// A joint; nil where there is none, or processes may not open each other's descriptors.
    func joint() throws -> CommandJoint? {
      self == .joint && CommandJoint.isPossible ? try CommandJoint() : nil
    }
  }

  /// A part, with its seams.
  enum SeamedPart {
    case stage(Stage, before: Seam, behind: Seam)
    case branches([[SeamedPart]])
  }

  /// The parts with the seams between them.
  var seams: [SeamedPart] {
    Self.seamed(parts, sourceSeam, sinkIsWhole ? .whole : .single, sourceSupply, sinkDemand)
  }

  /// The seam behind the source.
  var sourceSeam: Seam {
    if case .command = source, case .stage(let stage) = parts.first,
      Self.isJoint(sourceFraming, stage.jointInput)
    {
      return .joint
    }
    return Self.isWhole(sourceSupply, Self.demand(parts[...], sinkDemand)) ? .whole : .single
  }

  /// Whether the sink gets whole records.
  var sinkIsWhole: Bool { Self.isWhole(Self.supply(parts[...], sourceSupply), sinkDemand) }

  private var sourceSupply: Framing? {
    switch source {
    case .files(_, let content): content ? sourceFraming : nil
    case .command, .standardInput: sourceFraming
    case .list, .range: nil
    }
  }

  private var sinkDemand: Framing? {
    switch sink {
    case .file(_, _, let framing): framing
    case .standardOutput: .lines
    case .null: nil
    }
  }

  private static func isWhole(_ supply: Framing?, _ demand: Framing?) -> Bool {
    supply != nil && supply == demand
  }

  /// Whether one command may write to a pipe that another reads, where these are their framings.
  ///
  /// Frames with a length are checked, so that half a frame is an error.
  private static func isJoint(_ output: Framing?, _ input: Framing?) -> Bool {
    output == input && [.lines, .nul, .bytes].contains(output)
  }

  private static func seamed(
    _ parts: [Part], _ first: Seam, _ last: Seam, _ before: Framing?, _ behind: Framing?
  ) -> [SeamedPart] {
    var seam = first
    return parts.indices.map { index in
      let rest = parts[(index + 1)...]
      let supply = supply(parts[...index], before)
      let demand = demand(rest, behind)
      let next: Seam =
        if rest.isEmpty {
          last
        } else if isJoint(parts[index].only?.jointOutput, rest.first?.only?.jointInput) {
          .joint
        } else {
          isWhole(supply, demand) ? .whole : .single
        }
      defer { seam = next }
      switch parts[index] {
      case .stage(let stage): return .stage(stage, before: seam, behind: next)
      case .branches(let branches):
        let outer = self.supply(parts[..<index], before)
        return .branches(branches.map { seamed($0.parts, seam, next, outer, demand) })
      }
    }
  }

  /// The framing in which whole records can come out of parts; nil if somebody makes single ones.
  private static func supply(_ parts: ArraySlice<Part>, _ before: Framing?) -> Framing? {
    switch parts.last {
    case .stage(let stage): stage.isStream ? stage.output : nil
    case .branches(let branches):
      common(branches.map { supply($0.parts[...], supply(parts.dropLast(), before)) })
    case nil: before
    }
  }

  /// The framing in which parts can take whole records; nil if somebody looks at single ones.
  private static func demand(_ parts: ArraySlice<Part>, _ behind: Framing?) -> Framing? {
    switch parts.first {
    case .stage(let stage):
      stage.isStream && stage.partition == nil ? stage.input : nil
    case .branches(let branches):
      common(branches.map { demand($0.parts[...], demand(parts.dropFirst(), behind)) })
    case nil: behind
    }
  }

  private static func common(_ framings: [Framing?]) -> Framing? {
    guard let first = framings.first, framings.allSatisfy({ $0 == first }) else { return nil }
    return first
  }
}

extension PipelinePlan.Stage {
  /// The framing in which it can read what one other command writes; nil if it has more workers, or
  /// looks at records.
  fileprivate var jointInput: PipelinePlan.Framing? {
    isStream && workers == 1 && partition == nil && !isBroadcast && hosts.isEmpty ? input : nil
  }

  /// The framing in which one other command can read what it writes; nil if it has more workers.
  fileprivate var jointOutput: PipelinePlan.Framing? {
    isStream && workers == 1 && hosts.isEmpty ? output : nil
  }
}
