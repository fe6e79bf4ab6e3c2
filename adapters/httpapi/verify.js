"use strict";

const question = document.getElementById("question");
const button = document.getElementById("verify");
const outcome = document.getElementById("outcome");
const token = new URLSearchParams(location.search).get("token") ?? "";

function done(sentence) {
  question.hidden = true;
  button.hidden = true;
  outcome.textContent = sentence;
}

// The address of this page is also where the token is sent to.
async function verify() {
  const answer = await fetch(location.pathname, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    credentials: "omit",
    body: JSON.stringify({ token }),
  });
  if (answer.ok) {
    history.replaceState(null, "", location.pathname);
    done("Your email address is verified. You can close this page.");
    return;
  }
  const problem = await answer.json();
  if (answer.status < 500 && answer.status !== 429) {
    done(problem.detail);
    return;
  }
  outcome.textContent = problem.detail;
  button.disabled = false;
}

button.addEventListener("click", async () => {
  button.disabled = true;
  outcome.textContent = "";
  try {
    await verify();
  } catch {
    outcome.textContent = "The server could not be reached. Try again.";
    button.disabled = false;
  }
});
