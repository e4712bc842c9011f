internal import ProcessTreeTopologyFormat

/// The seams of a pipeline: at which places records travel whole, any number of them together.
///
/// That is so where nobody on either side looks at single records: behind the source or streams, before streams
/// or the sink, all in the same framing.
extension PipelinePlan {
  /// A part, with what its seams decide.
  enum SeamedPart {
    case stage(Stage, takesWhole: Bool, makesWhole: Bool)
    case branches([[SeamedPart]])
  }

  /// The parts; whether the source and the sink have whole records is said by `sourceIsWhole` and
  /// `sinkIsWhole`.
  var seams: [SeamedPart] {
    Self.seamed(parts, takesWhole: sourceIsWhole, makesWhole: sinkIsWhole, sourceSupply, sinkDemand)
  }

  var sourceIsWhole: Bool { Self.isWhole(sourceSupply, Self.demand(parts[...], sinkDemand)) }
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

  private static func seamed(
    _ parts: [Part], takesWhole: Bool, makesWhole: Bool, _ before: Framing?, _ behind: Framing?
  ) -> [SeamedPart] {
    var takes = takesWhole
    return parts.indices.map { index in
      let rest = parts[(index + 1)...]
      let supply = supply(parts[...index], before)
      let demand = demand(rest, behind)
      let makes = rest.isEmpty ? makesWhole : isWhole(supply, demand)
      defer { takes = makes }
      switch parts[index] {
      case .stage(let stage): return .stage(stage, takesWhole: takes, makesWhole: makes)
      case .branches(let branches):
        let outer = self.supply(parts[..<index], before)
        return .branches(
          branches.map { seamed($0.parts, takesWhole: takes, makesWhole: makes, outer, demand) })
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
