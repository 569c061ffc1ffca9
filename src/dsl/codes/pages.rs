//! One page per code: what it means, a wrong example, a right one, and why.

macro_rules! pages {
    ($($code:literal,)*) => {
        /// Code and page (Markdown), in the order of the codes.
        pub const ALL: &[(&str, &str)] = &[$(($code, include_str!(concat!("pages/", $code, ".md")))),*];
    };
}

pages! {
    "E0101",
    "E0102",
    "E0103",
    "E0104",
    "E0105",
    "E0106",
    "E0107",
    "E0108",
    "E0109",
    "E0110",
    "E0111",
    "E0201",
    "E0202",
    "E0203",
    "E0204",
    "E0205",
    "E0206",
    "E0207",
    "E0208",
    "E0209",
    "E0210",
    "E0211",
    "E0212",
    "E0213",
    "E0214",
    "E0301",
    "E0302",
    "E0303",
    "E0304",
    "E0305",
    "E0306",
    "E0307",
    "E0308",
    "E0309",
    "E0401",
    "E0402",
    "E0403",
    "E0404",
    "E0505",
    "E0506",
    "E0507",
    "E0508",
    "E0513",
    "E0517",
    "E0519",
    "E0520",
    "E0521",
    "E0522",
    "E0523",
    "E0524",
    "W0201",
    "W0202",
    "W0203",
    "W0301",
    "W0302",
    "W0303",
    "W0401",
    "W0402",
}

/// The page of a code. `None`: there is no such code.
pub fn page(code: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == code).map(|(_, page)| *page)
}
