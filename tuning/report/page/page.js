(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("library").textContent.trim()), (each) => each.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);

  const dark = matchMedia("(prefers-color-scheme: dark)");
  // Paper is white, whatever the screen is.
  const ink = (printed) => (dark.matches && !printed ? "#e8e8e8" : "#1b1b1b");
  const plots = [...document.querySelectorAll("script[data-plot]")].map((each) => [
    document.getElementById(each.dataset.plot),
    JSON.parse(each.textContent),
  ]);
  const draw = (printed) =>
    Promise.all(
      plots.map(([place, figure]) => {
        const layout = { ...figure.layout, font: { ...figure.layout.font, color: ink(printed) }, autosize: true };
        return Plotly.react(place, figure.data, layout, { responsive: true, displaylogo: false, displayModeBar: "hover" });
      }),
    );
  await draw(false);
  dark.addEventListener("change", () => draw(false));
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw(false));
  document.documentElement.dataset.drawn = plots.length;
})();
