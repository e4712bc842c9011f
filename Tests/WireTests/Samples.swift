import ProcessTreeWire

/// A message of every kind and outcome, with fields at the ends of their ranges.
let sampleMessages: [ControlMessage] = [
  .ready,
  .outcome(.result([])),
  .outcome(.result([0, 255, 1])),
  .outcome(.result([UInt8](repeating: 7, count: WireLimits.inlinePayload))),
  .outcome(.resultOnLink),
  .outcome(.failure([0xC1])),
  .outcome(.exit(0)),
  .outcome(.exit(.max)),
  .outcome(.exit(.min)),
  .outcome(.cancelled),
  .goodbye(exitCode: 0, linkFrames: 0),
  .goodbye(exitCode: .min, linkFrames: 1),
  .goodbye(exitCode: .max, linkFrames: .max),
  .events([]),
  .events([[], [1], [UInt8](repeating: 2, count: 300)]),
  .events([[UInt8]](repeating: [9], count: 70_000)),
  .log([]),
  .log([[3, 4], []]),
  .renewal(isSuspended: false),
  .renewal(isSuspended: true),
  .welcome(.current),
  .welcome(ProtocolVersion(major: .max, minor: .min)),
  .refused(""),
  .refused("no: \u{1F6AB}\n\u{0}"),
  .stop(StopMessage(requestedBy: "", reason: "", milliseconds: 0)),
  .stop(StopMessage(requestedBy: "MainProcess", reason: "Ctrl-C", milliseconds: .max)),
  .stop(
    StopMessage(requestedBy: "a", reason: "b", milliseconds: -1, origin: [0x92, 1, 0xA1, 0x2F])),
  .drain(StopMessage(requestedBy: "a", reason: "b", milliseconds: 9, origin: [])),
  .goodbyeAcknowledged,
  .openLink,
  .rejected(flow: 0, reason: ""),
  .rejected(flow: .max, reason: "an Int was expected"),
  .lookUp(number: 0, question: []),
  .lookUp(number: .max, question: [1, 2]),
  .found(number: 7, answer: [0xC1]),
]

/// Credentials that tell at each byte who they are.
func credentials(_ number: UInt8) -> Credentials {
  Credentials(
    runSecret: [UInt8](repeating: number, count: Credentials.length),
    token: [UInt8](repeating: number &+ 100, count: Credentials.length))
}

func hello(
  version: ProtocolVersion = .current, position: UInt32 = 1, _ proof: Credentials = credentials(1),
  build: String = "build"
) -> Hello {
  Hello(version: version, position: position, credentials: proof, pid: 4_711, build: build)
}
