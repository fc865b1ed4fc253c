"""The pages: widgets in, one workflow call, picture out. Drawn with Streamlit; everything else is asked of core."""
