/// Made from `spec/protocol.json` by `RequirementTableTests`; not to be changed by hand. `Requirement` reads it.
enum RequirementTable {
    // Id, whom it binds, its class, its key word.
    static let text = """
        ENC-001 sender wire MUST, ENC-002 receiver wire MUST, ENC-003 receiver wire MUST
        ENC-004 receiver wire MUST, ENC-005 receiver wire MUST, ENC-011 receiver wire MUST
        ENC-006 receiver wire MUST, ENC-007 receiver wire MUST, ENC-012 receiver hook MUST NOT
        ENC-009 node wire MUST, ENC-010 sender wire MUST, ENC-008 receiver wire MUST
        FRM-001 node wire MUST, FRM-002 acceptor wire MUST NOT, FRM-003 acceptor wire MUST
        FRM-004 dialer wire MUST, FRM-005 sender wire MUST, FRM-006 sender wire MUST
        FRM-007 receiver wire MUST, LNK-040 node wire MUST, FRM-008 sender wire MUST
        FRM-009 receiver wire MUST, FRM-010 receiver wire MUST, FRM-011 receiver wire MUST
        FRM-019 sender wire MUST NOT, FRM-012 sender wire MUST, FRM-013 sender wire MUST
        FRM-014 receiver wire MUST, FRM-017 receiver wire MUST, FRM-016 receiver wire MUST
        FRM-015 receiver wire MUST, FRM-018 receiver wire MUST, FRM-020 sender wire MUST
        FRM-021 sender wire MUST, FRM-024 receiver wire MUST, FRM-022 sender wire MUST
        FRM-023 sender hook SHOULD, FRM-025 sender wire MUST, FRM-030 sender wire MUST NOT
        FRM-031 receiver wire MUST, FRM-032 receiver wire MUST, FRM-033 receiver wire MUST
        FRM-034 receiver wire SHOULD, FRM-035 receiver wire MUST, LNK-001 dialer wire MUST
        LNK-002 acceptor wire MUST, LNK-007 node wire MUST, LNK-008 node wire MUST
        LNK-003 dialer wire MUST, LNK-004 acceptor wire MUST NOT, LNK-005 dialer wire MUST
        LNK-006 acceptor wire MUST NOT, LNK-009 acceptor wire MUST, LNK-014 dialer wire MUST
        LNK-015 acceptor wire MUST, LNK-010 node wire MUST, LNK-016 node wire MUST
        LNK-012 receiver wire MUST, LNK-013 node wire MUST, LNK-030 node wire MUST
        LNK-031 node wire MUST, LNK-032 node wire MUST, LNK-033 dialer wire MUST
        LNK-034 acceptor wire MUST, LNK-035 receiver wire MUST, LNK-036 receiver hook MUST
        LNK-037 node wire MUST NOT, LNK-038 node hook MUST NOT, LNK-039 node wire MUST
        LNK-061 node wire MUST, LNK-026 dialer hook MUST, LNK-020 node wire MUST
        LNK-021 dialer wire MUST, LNK-024 node wire MUST, LNK-023 dialer wire MUST
        LNK-011 node wire MUST, LNK-025 acceptor wire MUST, LNK-062 acceptor hook MAY
        LNK-022 receiver wire MUST, LNK-050 member hook MUST, LNK-060 node wire MUST
        LNK-052 node wire MUST, LNK-053 node wire MUST, LNK-054 node hook MUST NOT
        LNK-055 node hook MUST NOT, LNK-041 node wire MUST, LNK-042 node wire MUST
        LNK-043 receiver wire MUST, LNK-044 node wire MUST, LNK-046 node wire MUST
        LNK-047 dialer hook SHOULD, LNK-048 receiver wire MUST, LNK-049 node hook MUST
        HRT-001 node wire MUST, HRT-002 receiver wire MUST, HRT-003 node wire MUST
        HRT-004 sender wire MUST, HRT-005 sender wire MUST, HRT-006 receiver wire MUST
        HRT-007 node wire MUST, HRT-020 node hook SHOULD, HRT-010 node wire MUST NOT
        HRT-011 sender wire MUST, HRT-012 sender wire MUST, HRT-013 receiver wire MUST
        FDT-001 member wire MUST, FDT-002 member wire MUST, FDT-003 member wire MUST
        FDT-004 member hook MUST, FDT-005 member wire MUST, FDT-006 member wire MUST
        FDT-007 member wire MUST, FDT-008 member wire MUST, FDT-010 member wire MUST
        FDT-011 receiver wire MUST, FDT-012 receiver wire MUST, FDT-020 member hook MUST
        FDT-030 node hook MUST, FDT-031 node hook MUST, MBR-001 node wire MUST
        MBR-002 node wire MUST, MBR-003 node wire MUST, MBR-005 receiver wire MUST
        MBR-006 receiver wire MUST, MBR-004 member wire MUST, MBR-010 member wire MUST
        MBR-011 member wire MUST, MBR-012 member wire MUST, MBR-013 member wire MUST NOT
        MBR-014 member wire MUST, MBR-015 member hook MUST, MBR-016 member wire MUST
        MBR-017 member hook MUST, MBR-018 member wire MUST, MBR-030 node wire MUST
        MBR-020 node wire MUST, MBR-021 replica wire MUST, JON-001 joiner wire MUST
        JON-002 member wire MUST, JON-003 member wire MUST, JON-004 joiner hook MUST
        JON-005 member wire MUST, JON-006 member wire MUST, JON-007 joiner wire MUST
        JON-014 member wire MUST, JON-008 joiner hook MUST, JON-009 joiner hook MUST
        JON-010 joiner wire MUST, JON-013 joiner wire MUST, JON-011 member wire MUST
        JON-012 joiner hook MUST, JON-020 member wire MUST, MBR-042 member hook MUST
        MBR-024 member wire MUST, MBR-045 node hook MUST, MBR-025 member hook MUST
        TAB-001 receiver wire MUST, TAB-002 node wire MUST, TAB-003 replica wire MUST
        TAB-004 replica hook MUST, TAB-005 replica hook MUST, TAB-006 answerer wire MUST
        TAB-007 node wire MUST, TAB-012 node wire MUST, TAB-008 node wire MUST
        TAB-009 member wire MUST, TAB-010 node wire MUST, TAB-011 replica wire MUST
        TAB-018 writer wire MUST, TAB-014 writer wire MUST, TAB-015 replica hook MUST
        TAB-016 receiver wire MUST, TAB-017 receiver hook MUST, VER-001 writer wire MUST
        VER-003 writer hook MUST, VER-004 node wire MUST, VER-002 writer wire MUST
        VER-005 node wire MUST, VER-006 replica wire MUST, VER-007 receiver wire MUST
        VER-009 node wire MUST, VER-008 node hook MUST, VER-012 node wire MUST
        VER-010 replica hook MUST, VER-020 node wire MUST, MRG-001 replica wire MUST
        MRG-002 replica wire MUST, TAB-013 replica hook MUST, MRG-004 replica wire MUST
        MRG-005 replica wire MUST, MRG-006 replica wire MUST, MRG-010 replica wire MUST
        MRG-011 receiver wire MUST, MRG-012 replica wire MUST, MRG-013 replica wire MUST
        MRG-014 replica wire MUST, MRG-020 replica hook SHOULD, MRG-023 sender wire MUST
        MRG-021 replica hook MUST, MRG-022 replica hook MUST, REP-001 sender wire MUST
        REP-002 writer wire MUST, REP-003 replica hook MUST, REP-004 sender wire MUST
        REP-005 sender wire MUST, REP-006 sender wire MUST, REP-007 sender wire MUST
        REP-008 receiver wire MUST, REP-009 receiver wire MUST, REP-010 receiver wire MUST
        REP-011 receiver wire MUST, REP-012 receiver wire SHOULD, REP-013 receiver hook MUST
        REP-014 receiver wire MUST, REP-020 member wire MUST, REP-021 sender wire MUST
        REP-022 member wire MUST, REP-023 receiver wire MUST, REP-025 receiver wire MUST
        REP-028 receiver wire MUST, REP-024 member wire MUST, REP-026 sender hook MUST
        REP-027 member hook MUST NOT, REP-030 answerer wire MUST, REP-031 answerer wire MUST
        REP-032 answerer wire MUST, REP-033 answerer wire MUST, REP-034 answerer wire MUST
        SNP-006 node wire MUST, SNP-001 receiver wire MUST, SNP-007 receiver wire MUST
        SNP-002 sender wire MUST, SNP-008 sender wire MUST, SNP-026 sender wire MUST
        SNP-010 sender wire MUST, SNP-009 sender wire MUST, SNP-003 sender wire MUST
        SNP-015 sender wire MUST, SNP-016 sender wire MUST, SNP-027 sender wire MUST
        SNP-004 sender wire MUST, SNP-017 receiver wire MUST, SNP-005 node wire MUST
        SNP-018 receiver wire MUST, SNP-029 receiver wire MUST, SNP-028 sender wire MUST
        SNP-011 receiver wire MUST, SNP-031 receiver wire MUST, SNP-012 receiver wire MUST
        SNP-014 receiver wire MUST, SNP-019 receiver wire SHOULD, SNP-013 receiver hook MUST
        SNP-020 sender wire MUST, SNP-021 sender wire MUST, SNP-023 receiver wire MUST
        SNP-030 sender wire MUST, SNP-025 receiver wire MUST, SNP-022 sender wire MUST
        SNP-024 receiver wire MUST, DIG-001 node wire MUST, DIG-002 node wire MUST
        DIG-003 node wire MUST, DIG-010 member wire MUST, DIG-011 receiver wire MUST
        DIG-012 member wire MUST, DIG-013 receiver wire MUST, DIG-015 member hook MUST
        DIG-014 member hook MUST NOT, CAL-001 caller wire MUST, CAL-002 answerer wire MUST
        CAL-003 answerer wire MUST, CAL-009 answerer wire MUST, CAL-004 answerer wire MUST
        CAL-005 answerer wire MUST, CAL-006 answerer wire MUST, CAL-007 answerer wire MUST
        CAL-008 answerer wire MUST, CAL-024 answerer wire MUST, CAL-025 answerer wire MUST
        CAL-026 answerer wire MUST, CAL-027 answerer wire MUST, CAL-010 answerer wire MUST
        CAL-011 answerer wire MUST, CAL-012 answerer wire MUST, CAL-013 answerer wire MUST
        CAL-014 answerer wire MUST, CAL-015 answerer wire MUST, CAL-016 answerer wire MUST
        CAL-017 answerer wire MUST, CAL-018 answerer wire MUST, CAL-019 answerer wire MUST
        CAL-028 answerer wire MUST, CAL-021 answerer wire MUST, CAL-022 answerer wire MUST
        CAL-023 answerer wire MUST, CAL-030 answerer wire MUST, CAL-040 answerer wire MUST
        CAL-041 answerer wire MUST, CAL-042 answerer wire MUST, CAL-044 answerer hook MUST NOT
        CAL-050 answerer wire MUST, CAL-051 answerer wire MUST, CAL-052 answerer wire MUST
        CAL-053 answerer wire MUST, CAL-054 answerer wire MUST, CAL-020 node wire MUST
        DSK-001 node hook MUST, DSK-002 node hook MUST, DSK-004 node hook MUST
        DSK-003 node hook MUST, DSK-005 node hook MUST, DSK-010 node hook MUST
        DSK-011 node hook MUST, DSK-013 node hook MUST NOT, DSK-006 node hook MUST
        DSK-007 node hook MUST, DSK-014 node hook MUST, DSK-008 node hook MUST
        DSK-009 node hook MUST, DSK-012 node hook MUST, DSK-020 node hook MUST
        DSK-021 node hook MUST, DSK-022 node hook MUST, DSK-023 node hook MUST
        DSK-024 node hook MUST, DSK-030 node hook MUST, DSK-031 node hook MUST NOT
        DSK-040 node hook MUST, DSK-041 node hook MUST, DSK-042 node hook MUST
        DSK-043 node hook SHOULD, DSK-044 node hook MUST NOT, DSK-045 node hook MUST
        DSK-050 node hook MUST, DSK-051 node hook MUST, DSK-052 node hook MUST
        DSK-053 node hook MUST, DSK-060 node hook MUST, LIM-001 receiver wire MUST
        LIM-002 receiver wire MUST, LIM-003 receiver wire MUST, LIM-004 node wire MUST
        LIM-005 node wire MUST, LIM-006 receiver wire MUST, LIM-007 node wire MUST
        LIM-008 acceptor wire MUST, LIM-009 receiver wire MUST, LIM-010 node wire MUST
        LIM-011 member wire MUST, LIM-012 member wire MUST, LIM-013 node wire MUST
        LIM-014 receiver wire MUST, LIM-015 node wire MUST, LIM-016 sender hook MUST
        LIM-017 writer hook SHOULD, LIM-018 node wire SHOULD, LIM-019 member wire MUST
        LIM-020 node wire MUST, LIM-021 receiver wire MUST, LIM-022 replica hook MUST
        LIM-023 answerer wire MUST, LIM-024 answerer wire MUST, LIM-025 receiver wire MUST
        LIM-026 sender wire MUST, LIM-027 member hook MUST, LIM-028 acceptor hook MUST
        LIM-029 sender wire MUST, LIM-030 replica hook MUST, LIM-031 answerer hook MUST
        ERR-001 receiver wire MUST, ERR-003 receiver wire MUST, ERR-004 sender wire MUST
        ERR-005 sender wire SHOULD, ERR-006 node wire MUST NOT, EXT-001 receiver wire MUST
        EXT-002 receiver wire MUST, EXT-003 sender wire MUST, EXT-004 receiver wire MUST
        EXT-005 receiver wire MUST, EXT-006 receiver wire MUST, EXT-007 receiver wire MUST
        EXT-008 receiver wire MUST, EXT-009 node none MUST, EXT-010 node none MUST NOT
        EXT-011 node wire MUST, EXT-012 node wire MAY, EXT-013 node wire MUST NOT
        EXT-014 node wire MUST, SEC-001 node hook MUST, SEC-002 node hook MUST
        SEC-003 node hook MUST, SEC-004 node hook SHOULD, SEC-005 node hook MUST NOT
        SEC-006 node hook MUST, SEC-008 acceptor none MUST NOT, SEC-010 node wire MUST
        SEC-011 dialer hook MUST, SEC-012 acceptor hook MUST, SEC-013 acceptor hook MUST NOT
        SEC-014 node hook MUST NOT
        """
}
