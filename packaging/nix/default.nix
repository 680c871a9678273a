# nix-build -E 'with import <nixpkgs> { }; callPackage ./packaging/nix { }'
{
  lib,
  stdenv,
  cargo,
  gst_all_1,
  meson,
  ninja,
  openssl,
  pkg-config,
  rustPlatform,
  rustc,
}:

stdenv.mkDerivation {
  pname = "gst-plugin-tutk";
  inherit ((lib.importTOML ../../Cargo.toml).workspace.package) version;

  src = lib.cleanSource ../..;
  cargoDeps = rustPlatform.importCargoLock { lockFile = ../../Cargo.lock; };

  strictDeps = true;
  nativeBuildInputs = [
    cargo
    meson
    ninja
    pkg-config
    rustPlatform.bindgenHook
    rustPlatform.cargoSetupHook
    rustc
  ];
  buildInputs = [
    gst_all_1.gst-plugins-bad
    gst_all_1.gst-plugins-base
    gst_all_1.gst-rtsp-server
    gst_all_1.gstreamer
    openssl
  ];

  meta = {
    description = "GStreamer elements for IP cameras that speak ThroughTek's protocol (TUTK, Kalay)";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "tutk";
    platforms = lib.platforms.linux;
  };
}
