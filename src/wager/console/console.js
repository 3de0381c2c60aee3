// Takes a chart along as a picture: its SVG with the colours of the moment, drawn twice as large.
async function takePicture(id, name) {
  const svg = document.querySelector(`#${id} svg`);
  if (!svg) return;
  const style = getComputedStyle(document.documentElement);
  const box = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("font-family", getComputedStyle(document.body).fontFamily);
  const text = new XMLSerializer().serializeToString(copy)
    .replace(/var\((--[a-z-]+)\)/g, (_, variable) => style.getPropertyValue(variable).trim());
  const image = new Image();
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: box.width * 2, height: box.height * 2 });
  const paper = canvas.getContext("2d");
  paper.fillStyle = style.getPropertyValue("--card").trim();
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(image, 0, 0, canvas.width, canvas.height);
  Object.assign(document.createElement("a"), { href: canvas.toDataURL("image/png"), download: name }).click();
}
