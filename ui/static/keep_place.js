// Keeps the address that was asked for, since after signing in Streamlit shows the first page.

sessionStorage.setItem("place", location.pathname + location.search + location.hash);
